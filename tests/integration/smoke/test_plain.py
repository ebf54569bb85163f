"""An image that is not for KubeRay: Ray without dashboard and Serve."""

from collections.abc import Callable

import docker
import pytest

from raydock.model.report import Status
from raydock.smoke.smoke import smoke

pytestmark = pytest.mark.engine

NAME = "ray2.60.0-py311-cpu"
WITHOUT = (
    "RUN python -m pip uninstall -q -y aiohttp aiohttp-cors starlette fastapi uvicorn opencensus prometheus-client"
)
CHECKS = ["ray", "imports", "cold"]


@pytest.mark.timeout(200)
def test_ray_passes_and_checks_of_missing_parts_skip(client: docker.DockerClient, derive: Callable[..., str]) -> None:
    image = derive(WITHOUT, 'LABEL raydock.kuberay="false"')
    ray, imports, cold = smoke(client, image, name=NAME, fingerprint="f", checks=CHECKS).checks
    assert (ray.status, imports.status, cold.status) == (Status.PASSED, Status.SKIPPED, Status.SKIPPED), ray.detail
    assert "a task and an actor ran" in ray.detail
    assert "not for KubeRay (raydock.kuberay is false), and this check imports ray.serve" in imports.detail


@pytest.mark.timeout(200)
def test_the_reason_is_reported_if_ray_does_not_run(client: docker.DockerClient, derive: Callable[..., str]) -> None:
    image = derive("RUN python -m pip uninstall -q -y msgpack", 'LABEL raydock.kuberay="false"')
    [ray] = smoke(client, image, name=NAME, fingerprint="f", checks=["ray"]).checks
    assert ray.status is Status.FAILED
    assert "msgpack" in ray.detail
