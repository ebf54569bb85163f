"""The images that hosts are to have, where no engine answers; tests/integration/hosts has engines."""

import pytest

from raydock.hosts.wanted import wanted
from raydock.plan.planner import Plan
from raydock.plan.select import select

CPU = "ray2.60.0-py311-cpu"


def test_without_an_engine_here_hosts_can_only_pull(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    [found] = wanted(select(plan, names=[CPU]), "localhost:5000/raydock")
    assert (found.name, found.tag, found.source) == (CPU, f"localhost:5000/raydock:{CPU}", None)
    assert found.image.reference == ""
