"""`deploy docker` without an engine: invalid options are reported before the engine is needed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from raydock.__main__ import cli

HOSTS = ("--head", "10.0.0.1", "--worker", "10.0.0.2")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("ray2.60.0-py311-cpv", *HOSTS), 2, "'ray2.60.0-py311-cpu'"),
        (("ray2.60.0-*", *HOSTS), 2, "variants, but exactly one is required."),
        (("ray2.60.0-py311-cpu", "--head", "localhost", "--worker", "gpu02"), 2, "other hosts cannot reach it"),
        (("ray2.60.0-torch2.13.0-py311-cu130", *HOSTS), 2, "--gpus is missing"),
        (("ray2.60.0-py311-cpu", "--head", "gpu01"), 2, "workers"),
        (("ray2.60.0-py311-cpu", *HOSTS), 4, "no Docker engine answers"),
    ],
)
def test_what_cannot_be_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, message: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    output = tmp_path / "cluster"
    done = CliRunner().invoke(cli, ["deploy", "docker", *arguments, "--output", str(output)], standalone_mode=False)
    assert getattr(done.exception, "exit_code", None) == code
    assert message in str(done.exception)
    assert not output.exists()
