"""The configured builder, in files that buildx itself wrote."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from raydock.builder.builders import configured
from raydock.engine.endpoint import VARIABLES, Endpoint

HERE = Endpoint(address="unix:///nonexistent/docker.sock", source="DOCKER_HOST")


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
    assert configured(HERE) == ""
    buildx("use", "mine")
    assert configured(HERE) == "'mine' (`docker buildx use`)"
    assert configured(Endpoint(address="tcp://10.0.0.9:2375", source="--host")) == ""
    buildx("use", "--default", "mine")
    assert configured(HERE) == "'mine' (`docker buildx use`)"
    buildx("use", "--global", "mine")
    assert configured(Endpoint(address="tcp://10.0.0.9:2375", source="--host")) == "'mine' (`docker buildx use`)"
    buildx("use", "default")
    assert configured(HERE) == ""


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
    assert configured(HERE) == ""
    buildx("use", "pods")
    assert configured(HERE) == "'pods' (`docker buildx use`)"


def test_the_variable_has_precedence(buildx: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, expected in {"mine": "'mine' (BUILDX_BUILDER)", "default": "", "": ""}.items():
        monkeypatch.setenv("BUILDX_BUILDER", name)
        assert configured(HERE) == expected
