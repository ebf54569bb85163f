"""Fruit stands with a price each, and a market that calls the right one: ["MANGO", 2] is the price of two mangos."""

from ray import serve
from ray.serve.handle import DeploymentHandle
from starlette.requests import Request


class Stand:
    def __init__(self) -> None:
        self.price = 0

    def reconfigure(self, config: dict[str, int]) -> None:
        self.price = config["price"]

    def check_price(self, amount: int) -> int:
        return self.price * amount


MangoStand = serve.deployment(Stand, name="MangoStand")
OrangeStand = serve.deployment(Stand, name="OrangeStand")
PearStand = serve.deployment(Stand, name="PearStand")


@serve.deployment
class FruitMarket:
    def __init__(self, **stands: DeploymentHandle) -> None:
        self.stands = {name.upper(): handle for name, handle in stands.items()}

    async def __call__(self, request: Request) -> int:
        fruit, amount = await request.json()
        price: int = await self.stands[fruit].check_price.remote(amount)
        return price


deployment_graph = FruitMarket.bind(mango=MangoStand.bind(), orange=OrangeStand.bind(), pear=PearStand.bind())
