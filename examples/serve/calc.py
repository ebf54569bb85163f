"""A calculator: POST ["MUL", 3] answers "15 pizzas please!", ["ADD", 2] "5 pizzas please!" (see serve.yaml)."""

from typing import Any

from ray import serve
from ray.serve.handle import DeploymentHandle
from starlette.requests import Request


@serve.deployment
class Adder:
    """A deployment that adds `increment`."""

    def __init__(self) -> None:
        self.increment = 0

    def reconfigure(self, config: dict[str, Any]) -> None:
        self.increment = config["increment"]

    def apply(self, number: float) -> float:
        return number + self.increment


@serve.deployment
class Multiplier:
    """A deployment that multiplies by `factor`."""

    def __init__(self) -> None:
        self.factor = 1

    def reconfigure(self, config: dict[str, Any]) -> None:
        self.factor = config["factor"]

    def apply(self, number: float) -> float:
        return number * self.factor


@serve.deployment
class Router:
    """A deployment that sends a number to the requested operation."""

    def __init__(self, **operations: DeploymentHandle) -> None:
        self.operations = operations

    async def __call__(self, request: Request) -> str:
        operation, number = await request.json()
        result = await self.operations[operation.lower()].apply.remote(number)
        return f"{result} pizzas please!"


app = Router.bind(add=Adder.bind(), mul=Multiplier.bind())
