"""Images as an engine would describe them, and clusters of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from raydock.ship.bare.hostimage import HostImage

ROOT = Path(__file__).parents[4]
CPU = "ray2.60.0-py311-cpu"
GPU = "ray2.60.0-torch2.13.0-py311-cu130"

Pin = Callable[..., HostImage]


@pytest.fixture
def pin() -> Pin:
    """A pinned image of a variant's name."""

    def make(name: str = CPU, *, digest: str = "", min_driver: str = "") -> HostImage:
        return HostImage(
            tag=f"localhost:5000/raydock:{name}",
            id=f"sha256:{'1' * 64}",
            digest=digest,
            fingerprint="f" * 64,
            min_driver=min_driver,
        )

    return make
