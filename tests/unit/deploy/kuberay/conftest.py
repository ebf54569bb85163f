"""Images by digest, and what a user asks for with some options."""

from collections.abc import Callable
from typing import Any

import pytest

from raydock.deploy.kuberay.deployment import Format, OperatorVersion, ResourceKind, Yaml
from raydock.deploy.kuberay.resources import KubeRayOptions, resources
from raydock.plan.planner import Plan
from raydock.plan.select import select
from raydock.publish.published import find_published
from raydock.publish.variant_image import VariantImage

DIGEST = f"sha256:{'ab' * 32}"

Image = Callable[[str], VariantImage]
Made = Callable[..., list[Yaml]]


@pytest.fixture
def image(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Image:
    """A variant's image by digest; `cpu` and `cuda` stand for one of each."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    short = {"cpu": "ray2.60.0-py311-cpu", "cuda": "ray2.60.0-torch2.13.0-py311-cu130"}

    def find(name: str) -> VariantImage:
        [item] = select(plan, names=[short.get(name, name)])
        return find_published(item, "localhost:5000/raydock", f"localhost:5000/raydock@{DIGEST}")

    return find


def wanted(**options: Any) -> KubeRayOptions:
    """What a user asks for with these options and no other."""
    nothing = dict.fromkeys(KubeRayOptions.__annotations__) | {"kind": ResourceKind.RAYCLUSTER, "format": Format.YAML}
    words = dict.fromkeys(("name", "autoscale", "entrypoint", "namespace", "image_pull_secret"), "")
    flags = dict.fromkeys(("shutdown", "probe", "forward_compat"), False)
    rest: dict[str, Any] = {"node_selector": (), "kuberay": OperatorVersion.V1_7}
    return KubeRayOptions(**{**nothing, **words, **flags, **rest, **options})


@pytest.fixture
def made(image: Image) -> Made:
    """The documents for an image and some options."""
    return lambda variant="cpu", **options: resources(wanted(**options), image(variant))
