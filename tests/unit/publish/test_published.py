"""An image by digest where no engine answers; tests/integration/test_deploy.py has the engine."""

import pytest

from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.plan.planner import Plan
from raydock.plan.select import select
from raydock.publish.published import published
from raydock.publish.variant_image import Where

DIGEST = f"sha256:{'ab' * 32}"
CPU, CUDA = "ray2.60.0-py311-cpu", "ray2.60.0-torch2.13.0-py311-cu130"


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")


@pytest.mark.parametrize(
    ("stated", "repository"),
    [
        (f"localhost:5000/raydock@{DIGEST}", "localhost:5000/raydock"),
        (f"localhost:5000/raydock:latest@{DIGEST}", "localhost:5000/raydock"),
        (f"registry.example/team/raydock@{DIGEST}", "registry.example/team/raydock"),
        (f"raydock:2.60.0@{DIGEST}", "raydock"),
    ],
)
def test_a_stated_image_is_known_by_its_name_and_digest_alone(plan: Plan, stated: str, repository: str) -> None:
    [item] = select(plan, names=[CUDA])
    found = published(item, "localhost:5000/raydock", stated)
    assert found.reference == f"{repository}@{DIGEST}"
    assert (found.ray, found.min_driver, found.where) == ("2.60.0", "580.65.06", Where.PLANNED)


@pytest.mark.parametrize(
    "stated", ["raydock", "raydock:latest", "raydock@sha256:ab", f"a b@{DIGEST}", f"raydock@{DIGEST}\n"]
)
def test_what_has_no_digest_is_refused(plan: Plan, stated: str) -> None:
    [item] = select(plan, names=[CPU])
    with pytest.raises(ConfigurationError, match="is not an image by digest"):
        published(item, "localhost:5000/raydock", stated)


def test_with_nothing_stated_an_engine_is_needed(plan: Plan) -> None:
    [item] = select(plan, names=[CPU])
    with pytest.raises(OutOfReachError):
        published(item, "localhost:5000/raydock")
