"""A fruit stand: POST ["MANGO", 2] returns the price of two mangos. Prices come from serve.yaml."""

from typing import Any

from ray import serve
from ray.serve.handle import DeploymentHandle
from starlette.requests import Request


class Stand:
    """A stand that sells one kind of fruit at `price`."""

    def __init__(self) -> None:
        self.price = 1

    def reconfigure(self, config: dict[str, Any]) -> None:
        self.price = config["price"]

    def check_out(self, amount: float) -> float:
        return self.price * amount


@serve.deployment
class MangoStand(Stand):
    """A stand that sells mangos."""


@serve.deployment
class OrangeStand(Stand):
    """A stand that sells oranges."""


@serve.deployment
class PearStand(Stand):
    """A stand that sells pears."""


@serve.deployment
class FruitMarket:
    """A deployment that sends an order to the right stand."""

    def __init__(self, **stands: DeploymentHandle) -> None:
        self.stands = stands

    async def __call__(self, request: Request) -> float:
        fruit, amount = await request.json()
        return await self.stands[fruit.lower()].check_out.remote(amount)


app = FruitMarket.bind(mango=MangoStand.bind(), orange=OrangeStand.bind(), pear=PearStand.bind())
