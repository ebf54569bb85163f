"""The candidates if no engine answers; tests/integration/hosts has engines."""

import pytest

from raydock.core.errors import OutOfReachError
from raydock.pick.candidate import on_engine
from raydock.plan.planner import Plan
from raydock.plan.select import select
from raydock.publish.variant_image import ImageState

CPU = "ray2.60.0-py311-cpu"


def test_without_an_engine_all_candidates_are_planned(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    (image,), engine = on_engine(select(plan, names=[CPU]), "localhost:5000/raydock")
    assert isinstance(engine, OutOfReachError)
    assert (image.name, image.tag) == (CPU, f"localhost:5000/raydock:{CPU}")
    assert (image.state, image.reference) == (ImageState.PLANNED, "")
