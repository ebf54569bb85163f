import socket
from collections.abc import Iterator

import docker
import pytest

from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.model.image import ContainerImage
from raydock.model.labels import ImageLabels
from raydock.model.report import Check, Status
from raydock.model.variant import parse_name
from raydock.smoke.probe_client import Answers, parse
from raydock.smoke.smoke import check_ids, smoke, with_outside

NAME = "ray2.60.0-py311-cpu"
LABELS = {"io.ray.ray-version": "2.60.0", "raydock.python": "3.11.2"}
DOCUMENT = """{"schema": 1, "name": "ray2.60.0-py311-cpu", "python": "3.11.2",
 "checks": [{"id": "user", "status": "passed", "detail": "uid 1000", "seconds": 0.1},
            {"id": "versions", "status": "passed", "detail": "Python 3.11.2", "seconds": 0.2},
            {"id": "ray", "status": "failed", "detail": "no head", "seconds": 9.0}]}"""


@pytest.fixture
def answers() -> Answers:
    parsed = parse(DOCUMENT)
    assert parsed
    return parsed


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port of this machine on which nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield int(bound.getsockname()[1])


def _configuration(
    user: str = "1000", variables: tuple[str, ...] = (), labels: dict[str, str] = LABELS
) -> ContainerImage:
    return ContainerImage(
        content="sha256:c1", user=user, environment=dict.fromkeys(variables, "x"), labels=ImageLabels(labels)
    )


def _outside(answers: Answers, configuration: ContainerImage, name: str = NAME) -> dict[str, Check]:
    return with_outside(answers, configuration, parse_name(name))


def test_the_probes_answers_are_read(answers: Answers) -> None:
    assert (answers.name, answers.python) == (NAME, "3.11.2")
    assert answers.checks["ray"] == Check(id="ray", status=Status.FAILED, detail="no head", seconds=9.0)


@pytest.mark.parametrize(
    "text", ["", "null", "{}", DOCUMENT.replace('"schema": 1', '"schema": 2'), DOCUMENT.replace("passed", "perhaps")]
)
def test_an_invalid_answer_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("user", ["1000", "1000:0"])
def test_without_problems_of_the_image_the_checks_are_unchanged(answers: Answers, user: str) -> None:
    assert _outside(answers, _configuration(user)) == answers.checks


@pytest.mark.parametrize("user", ["", "0", "0:0", "root", "ray", "ray:1000"])
def test_a_user_that_kubernetes_refuses_fails(answers: Answers, user: str) -> None:
    check = _outside(answers, _configuration(user))["user"]
    assert check.status is Status.FAILED
    assert repr(user or "root") in check.detail


def test_a_variable_of_the_image_that_misleads_ray_fails(answers: Answers) -> None:
    check = _outside(answers, _configuration(variables=("PATH", "RAY_ADDRESS")))["user"]
    assert (check.status, check.detail) == (Status.FAILED, "RAY_ADDRESS is set in the image's environment")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({**LABELS, "io.ray.ray-version": "2.49.1"}, "io.ray.ray-version says '2.49.1', but it is '2.60.0'"),
        ({**LABELS, "raydock.python": "3.11.9"}, "raydock.python says '3.11.9', but it is '3.11.2'"),
        ({}, "io.ray.ray-version says None"),
    ],
)
def test_labels_with_different_versions_fail(answers: Answers, labels: dict[str, str], message: str) -> None:
    check = _outside(answers, _configuration(labels=labels))["versions"]
    assert check.status is Status.FAILED
    assert message in check.detail


def test_the_image_of_a_different_variant_fails(answers: Answers) -> None:
    labels = {**LABELS, "io.ray.ray-version": "2.49.1"}
    check = _outside(answers, _configuration(labels=labels), "ray2.49.1-py311-cpu")["versions"]
    assert (check.status, check.detail) == (Status.FAILED, f"the image's own name is {NAME}")


def test_a_variant_has_the_checks_of_its_parts() -> None:
    cpu = ("ray", "shells", "user", "versions", "imports", "lock", "libs")
    assert check_ids(parse_name(NAME)) == (*cpu, "cold")
    levels = ("gpu-driver", "gpu-torch", "gpu-triton", "gpu-nccl", "gpu-ray")
    torch = (*cpu, "rdma", "compiler")
    assert check_ids(parse_name("ray2.60.0-torch2.13.0-py311-cu130")) == (*torch, *levels, "cold")
    serving = (*torch, "downloads", *levels, "gpu-vllm", "cold")
    assert check_ids(parse_name("ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130")) == serving


def test_an_unknown_check_and_a_missing_engine_are_errors(silent_port: int) -> None:
    client = docker.DockerClient(base_url=f"tcp://127.0.0.1:{silent_port}", version="1.44")
    with pytest.raises(ConfigurationError) as caught:
        smoke(client, "x", name=NAME, fingerprint="f", checks=["impotrs"])
    assert "Did you mean 'imports'?" in caught.value.todo
    with pytest.raises(OutOfReachError, match="went away while testing"):
        smoke(client, "x", name=NAME, fingerprint="f", checks=["imports"])
