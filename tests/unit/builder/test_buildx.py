import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from raydock.builder.buildx import BuildError, LostPackagesError, configured_builder, explain
from raydock.builder.rawjson import Failure
from raydock.core.errors import ExitCode, OutOfReachError
from raydock.engine.endpoint import VARIABLES, Endpoint

HERE = Endpoint(address="unix:///nonexistent/docker.sock", source="DOCKER_HOST")
LOG = Path(".raydock/logs/toy.log")


def failure(*lines: str) -> Failure:
    return Failure(step="[4/9] RUN --mount=type=tmpfs,target=/run install ray.txt", error="exit code: 1", lines=lines)


def test_the_error_has_the_failed_step_its_last_lines_and_the_log() -> None:
    error = explain("toy", failure("first", "hash mismatch"), "", LOG)
    assert isinstance(error, BuildError)
    assert error.exit_code is ExitCode.VARIANT_FAILED
    assert "toy: the build failed at the step `[4/9] RUN install ray.txt`" in str(error)
    assert "  hash mismatch\nLog: .raydock/logs/toy.log" in str(error)


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "No engine answers"),
        (
            "error: HTTP status server error (503 Service Unavailable) for url",
            "answered with a server error.",
        ),
        (
            "error: error sending request for url (https://x/)\n  cause: invalid peer certificate: UnknownIssuer",
            "--ca-bundle or SSL_CERT_FILE must name",
        ),
        ("Caused by: operation timed out", "does not answer in time"),
    ],
)
def test_engine_disk_and_network_failures_are_recognized(line: str, cause: str) -> None:
    error = explain("toy", failure(line), "", LOG)
    assert isinstance(error, OutOfReachError)
    assert error.exit_code is ExitCode.OUT_OF_REACH
    assert cause in error.meaning


def test_packages_evicted_from_the_build_cache_have_a_separate_error() -> None:
    place = (Path(__file__).parents[3] / "templates" / "installer" / "place-tree").read_text()
    message = next(line for line in place.splitlines() if "echo" in line).split("'")[1]
    error = explain("toy", failure(f"{message} ray"), "", LOG)
    assert isinstance(error, LostPackagesError)
    assert "a tenth of the disk" in error.meaning
    assert '{"builder": {"gc": {"defaultKeepStorage": "60GB"}}}' in error.todo


def test_the_error_of_buildx_before_the_first_step_is_quoted() -> None:
    error = explain("toy", None, "\nERROR: unknown flag: --metadata-file\n", LOG)
    assert error.what == "toy: the build failed: ERROR: unknown flag: --metadata-file"


@pytest.fixture
def buildx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`docker buildx` with a separate configuration and an engine that does not exist."""
    if not shutil.which("docker") or subprocess.run(["docker", "buildx", "version"], check=False).returncode:
        pytest.skip("no docker buildx, whose builders these are")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", HERE.address)

    def run(*arguments: str) -> None:
        subprocess.run(["docker", "buildx", *arguments], check=True, capture_output=True, env=dict(os.environ))

    return run


def test_the_builder_in_use_is_returned(buildx: Callable[..., None]) -> None:
    buildx("create", "--name", "mine", "--driver", "remote", "tcp://127.0.0.1:1")
    assert configured_builder(HERE) == ""
    buildx("use", "mine")
    assert configured_builder(HERE) == "'mine' (`docker buildx use`)"
    assert configured_builder(Endpoint(address="tcp://10.0.0.9:2375", source="--host")) == ""
    buildx("use", "--default", "mine")
    assert configured_builder(HERE) == "'mine' (`docker buildx use`)"
    buildx("use", "--global", "mine")
    assert (
        configured_builder(Endpoint(address="tcp://10.0.0.9:2375", source="--host")) == "'mine' (`docker buildx use`)"
    )
    buildx("use", "default")
    assert configured_builder(HERE) == ""


def test_a_kubernetes_builder_is_returned(buildx: Callable[..., None], tmp_path: Path) -> None:
    """buildx creates one only in a cluster, so the file is written here."""
    node: dict[str, object] = {
        "Name": "pods0",
        "Endpoint": "kubernetes:///pods?deployment=pods0",
        "Platforms": None,
        "Flags": [],
    }
    instances = tmp_path / "buildx" / "instances"
    instances.mkdir(parents=True)
    instance = {"Name": "pods", "Driver": "kubernetes", "Nodes": [node], "Dynamic": False}
    (instances / "pods").write_text(json.dumps(instance))
    assert configured_builder(HERE) == ""
    buildx("use", "pods")
    assert configured_builder(HERE) == "'pods' (`docker buildx use`)"


def test_the_variable_has_precedence(buildx: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, expected in {"mine": "'mine' (BUILDX_BUILDER)", "default": "", "": ""}.items():
        monkeypatch.setenv("BUILDX_BUILDER", name)
        assert configured_builder(HERE) == expected
