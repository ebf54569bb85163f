"""An image by digest without an engine; tests/integration/publish/test_published.py has one."""

import pytest

from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.plan.planner import Plan
from raydock.plan.select import select
from raydock.publish.published import find_published
from raydock.publish.variant_image import ImageState

DIGEST = f"sha256:{'ab' * 32}"
CPU, CUDA = "ray2.60.0-py311-cpu", "ray2.60.0-torch2.13.0-py311-cu130"


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")


@pytest.mark.parametrize(
    ("reference", "repository"),
    [
        (f"localhost:5000/raydock@{DIGEST}", "localhost:5000/raydock"),
        (f"localhost:5000/raydock:latest@{DIGEST}", "localhost:5000/raydock"),
        (f"registry.example/team/raydock@{DIGEST}", "registry.example/team/raydock"),
        (f"raydock:2.60.0@{DIGEST}", "raydock"),
    ],
)
def test_an_image_by_digest_needs_no_engine(plan: Plan, reference: str, repository: str) -> None:
    [planned] = select(plan, names=[CUDA])
    image = find_published(planned, "localhost:5000/raydock", reference)
    assert image.reference == f"{repository}@{DIGEST}"
    assert (image.ray, image.min_driver, image.state) == ("2.60.0", "580.65.06", ImageState.PLANNED)


@pytest.mark.parametrize(
    "reference", ["raydock", "raydock:latest", "raydock@sha256:ab", f"a b@{DIGEST}", f"raydock@{DIGEST}\n"]
)
def test_a_reference_without_a_digest_is_refused(plan: Plan, reference: str) -> None:
    [planned] = select(plan, names=[CPU])
    with pytest.raises(ConfigurationError, match="does not name an image by digest"):
        find_published(planned, "localhost:5000/raydock", reference)


def test_without_a_reference_an_engine_is_needed(plan: Plan) -> None:
    [planned] = select(plan, names=[CPU])
    with pytest.raises(OutOfReachError):
        find_published(planned, "localhost:5000/raydock")
