"""An adder, a multiplier and a router that selects one: ["MUL", 3] orders five times three pizzas."""

from ray import serve
from ray.serve.handle import DeploymentHandle
from starlette.requests import Request


@serve.deployment
class Adder:
    def reconfigure(self, config: dict[str, int]) -> None:
        self.increment = config["increment"]

    def add(self, number: int) -> int:
        return number + self.increment


@serve.deployment
class Multiplier:
    def reconfigure(self, config: dict[str, int]) -> None:
        self.factor = config["factor"]

    def multiply(self, number: int) -> int:
        return number * self.factor


@serve.deployment
class Router:
    def __init__(self, adder: DeploymentHandle, multiplier: DeploymentHandle) -> None:
        self.adder = adder
        self.multiplier = multiplier

    async def __call__(self, request: Request) -> str:
        operation, number = await request.json()
        chosen = self.multiplier.multiply if operation == "MUL" else self.adder.add
        return f"{await chosen.remote(number)} pizzas please!"


serve_dag = Router.bind(Adder.bind(), Multiplier.bind())
