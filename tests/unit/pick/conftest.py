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
    """Return a function that returns the candidates of a selection; those in `built` have the labels of a build."""

    def make(*built: str, groups: tuple[str, ...] = (), selectors: tuple[str, ...] = ()) -> tuple[VariantImage, ...]:
        chosen = select(plan, groups, selectors)
        images = {
            planned.name: ContainerImage(
                id=f"sha256:{number:064x}",
                tags=(f"{REGISTRY}:{planned.name}",),
                labels=ImageLabels(
                    {"raydock.min-driver": planned.min_driver, "raydock.sm": " ".join(map(str, planned.sm))}
                ),
                content=f"sha256:{number:064x}",
            )
            for number, planned in enumerate(chosen)
            if planned.name in built
        }
        assert set(built) == set(images)
        return candidates(chosen, images, REGISTRY)

    return make
