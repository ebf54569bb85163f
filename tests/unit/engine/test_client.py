import json
import os
import warnings
from pathlib import Path

import pytest
import requests
from docker.errors import APIError

from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.engine.client import description, reaching
from raydock.engine.dockerconfig import logins


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            APIError("400 Client Error", explanation="invalid reference format"),
            "refused while asking: invalid reference",
        ),
        (requests.ConnectionError("connection reset"), "went away while asking: connection reset"),
    ],
)
def test_a_refusal_and_a_lost_connection_have_different_messages(error: Exception, message: str) -> None:
    with pytest.raises(OutOfReachError, match=message), reaching("asking"):
        raise error


def test_an_engine_is_described_with_its_store() -> None:
    containerd = {"Driver": "overlayfs", "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}
    graph = {"Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"]]}
    assert description({"ServerVersion": "29.0.1", **containerd}) == "Docker 29.0.1, image store containerd (overlayfs)"
    rootless = {"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}
    assert (
        description({"ServerVersion": "26.1.5", **graph, **rootless}) == "Docker 26.1.5, image store overlay2, rootless"
    )


@pytest.mark.parametrize(
    ("helper", "answer"),
    [("absent", ""), ("failing", "echo no pinentry; exit 1"), ("garbage", "echo garbage"), ("empty", "echo '{}'")],
)
def test_a_credential_helper_that_does_not_work_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helper: str, answer: str
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (tmp_path / "config.json").write_text(json.dumps({"credsStore": helper}))
    program = tmp_path / f"docker-credential-{helper}"
    if answer:
        program.write_text(f"#!/bin/sh\n{answer}\n")
        program.chmod(0o755)
    with warnings.catch_warnings(action="ignore"), pytest.raises(ConfigurationError) as refused, reaching("pulling"):
        logins().resolve_authconfig("registry.example")
    assert "Docker's credential helper failed while pulling: " in str(refused.value)
    assert program.name in str(refused.value)
    assert "Next: install that program on PATH, or remove its name from config.json" in str(refused.value)
