"""Images as an engine would describe them, and clusters of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from raydock.model.variant import parse_name
from raydock.publish.published import Published

ROOT = Path(__file__).parents[4]
CPU = "ray2.60.0-py311-cpu"
GPU = "ray2.60.0-torch2.13.0-py311-cu130"

Pin = Callable[..., Published]


@pytest.fixture
def pin() -> Pin:
    """A pinned image of a variant's name."""

    def make(name: str = CPU, *, digest: str = "", min_driver: str = "") -> Published:
        variant = parse_name(name)
        return Published(
            variant=variant,
            repository="localhost:5000/raydock",
            digest=digest,
            ray=variant.ray,
            min_driver=min_driver,
            kuberay=True,
            labelled=True,
            id=f"sha256:{'1' * 64}",
            fingerprint="f" * 64,
        )

    return make
