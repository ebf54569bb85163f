"""An image that is not for KubeRay: Ray without extras, which has neither dashboard nor Serve."""

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
CHECKS = ["imports", "ray", "cold"]


@pytest.mark.timeout(200)
def test_ray_runs_in_it_and_what_it_lacks_is_not_asked(client: docker.DockerClient, derive: Callable[..., str]) -> None:
    image = derive(WITHOUT, 'LABEL raydock.kuberay="false"')
    imports, ray, cold = smoke(client, image, name=NAME, fingerprint="f", checks=CHECKS).checks
    assert (ray.status, imports.status, cold.status) == (Status.PASSED, Status.SKIPPED, Status.SKIPPED), ray.detail
    assert "a task and an actor ran" in ray.detail
    assert "not for KubeRay (raydock.kuberay is false), and this imports ray.serve" in imports.detail


@pytest.mark.timeout(200)
def test_where_ray_does_not_run_it_says_why(client: docker.DockerClient, derive: Callable[..., str]) -> None:
    image = derive("RUN python -m pip uninstall -q -y msgpack", 'LABEL raydock.kuberay="false"')
    [ray] = smoke(client, image, name=NAME, fingerprint="f", checks=["ray"]).checks
    assert ray.status is Status.FAILED
    assert "msgpack" in ray.detail
