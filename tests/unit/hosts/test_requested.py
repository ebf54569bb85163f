"""The requested images if no engine answers; tests/integration/hosts has engines."""

import pytest

from raydock.hosts.requested import requested_images
from raydock.plan.planner import Plan
from raydock.plan.select import select
from raydock.publish.variant_image import ImageState

CPU = "ray2.60.0-py311-cpu"


def test_without_an_engine_on_this_machine_hosts_can_only_pull(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    (image,), source = requested_images(select(plan, names=[CPU]), "localhost:5000/raydock")
    assert (image.name, image.tag, source) == (CPU, f"localhost:5000/raydock:{CPU}", None)
    assert (image.state, image.reference) == (ImageState.PLANNED, "")
