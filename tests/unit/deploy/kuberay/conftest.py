"""Images by digest, and options of `deploy kuberay`."""

from collections.abc import Callable
from typing import Any

import pytest

from raydock.deploy.kuberay.deployment import Format, OperatorVersion, ResourceKind, Yaml
from raydock.deploy.kuberay.resources import KubeRayOptions, make_resources
from raydock.plan.planner import Plan
from raydock.plan.select import select
from raydock.publish.published import find_published
from raydock.publish.variant_image import VariantImage

DIGEST = f"sha256:{'ab' * 32}"

Image = Callable[[str], VariantImage]
Made = Callable[..., list[Yaml]]


@pytest.fixture
def image(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Image:
    """Return a function that finds a variant's image by digest; `cpu` and `cuda` are short names of two variants."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    short = {"cpu": "ray2.60.0-py311-cpu", "cuda": "ray2.60.0-torch2.13.0-py311-cu130"}

    def find(name: str) -> VariantImage:
        [planned] = select(plan, names=[short.get(name, name)])
        return find_published(planned, "localhost:5000/raydock", f"localhost:5000/raydock@{DIGEST}")

    return find


def make_options(**options: Any) -> KubeRayOptions:
    """Return these options, with the defaults of the command for all others."""
    nones = dict.fromkeys(KubeRayOptions.__annotations__) | {"kind": ResourceKind.RAYCLUSTER, "format": Format.YAML}
    sizes = ("head_cpus", "head_memory", "worker_cpus", "worker_memory")
    texts = dict.fromkeys(
        ("name", "autoscale", "entrypoint", "namespace", "image_pull_secret", "priority_class", *sizes), ""
    )
    flags = dict.fromkeys(("shutdown", "probe", "forward_compat", "allow_all"), False)
    rest: dict[str, Any] = {"node_selector": (), "kuberay": OperatorVersion.V1_7}
    return KubeRayOptions(**{**nones, **texts, **flags, **rest, **options})


@pytest.fixture
def made(image: Image) -> Made:
    """Return a function that makes the documents for a variant's image and some options."""
    return lambda variant="cpu", **options: make_resources(make_options(**options), image(variant))
