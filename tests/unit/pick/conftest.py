"""The committed plan's variants as candidates, some of them built."""

from collections.abc import Callable

import pytest

from raydock.model.image import ContainerImage
from raydock.model.labels import ImageLabels
from raydock.pick.candidate import candidates
from raydock.plan.planner import Plan
from raydock.plan.select import select
from raydock.publish.variant_image import VariantImage

Made = Callable[..., tuple[VariantImage, ...]]

REGISTRY = "localhost:5000/raydock"


@pytest.fixture
def offered(plan: Plan) -> Made:
    """VariantImages of a selection; those in `built` are images with the labels that a build gives them."""

    def make(*built: str, groups: tuple[str, ...] = (), selectors: tuple[str, ...] = ()) -> tuple[VariantImage, ...]:
        chosen = select(plan, groups, selectors)
        images = {
            item.name: ContainerImage(
                id=f"sha256:{number:064x}",
                tags=(f"{REGISTRY}:{item.name}",),
                labels=ImageLabels({"raydock.min-driver": item.min_driver, "raydock.sm": " ".join(map(str, item.sm))}),
                content=f"sha256:{number:064x}",
            )
            for number, item in enumerate(chosen)
            if item.name in built
        }
        assert set(built) == set(images)
        return candidates(chosen, images, REGISTRY)

    return make
