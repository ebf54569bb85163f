"""Images in the form in which an engine describes them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from raydock.model.labels import ImageLabels, Label
from raydock.model.variant import parse_name
from raydock.publish.variant_image import ImageState, VariantImage

ROOT = Path(__file__).parents[4]
CPU = "ray2.60.0-py311-cpu"
GPU = "ray2.60.0-torch2.13.0-py311-cu130"

Pin = Callable[..., VariantImage]


@pytest.fixture
def pin() -> Pin:
    """Return a function that makes a variant's pinned image by name."""

    def make(name: str = CPU, *, digest: str = "", min_driver: str = "") -> VariantImage:
        variant = parse_name(name)
        return VariantImage(
            variant=variant,
            repository="localhost:5000/raydock",
            state=ImageState.BUILT,
            labels=ImageLabels({Label.MIN_DRIVER: min_driver, Label.FINGERPRINT: "f" * 64}),
            id=f"sha256:{'1' * 64}",
            digest=digest,
        )

    return make
