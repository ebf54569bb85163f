"""Invalid uses of `smoke` and `doctor` on other hosts."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from raydock.__main__ import cli
from raydock.core.errors import ConfigurationError, ExitCode

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("smoke --host gpu1 --contract", "--host tests variants of matrix.yaml and cannot be combined"),
        ("smoke --host gpu1 --image x", "--host tests variants of matrix.yaml and cannot be combined"),
        ("smoke --host gpu1", "--host 'gpu1' is neither an address, nor a host or label of hosts.yaml"),
        ("smoke --host ssh://gpu1 --gpus one", "'one' is not the name of a GPU"),
        ("doctor --host gpu1", "--host 'gpu1' is neither an address, nor a host or label of hosts.yaml"),
        ("doctor --host http://gpu1", "begins with http://"),
    ],
)
def test_an_invalid_host_is_bad_usage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, message: str
) -> None:
    monkeypatch.setenv("RAYDOCK_ROOT", str(ROOT))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    done = CliRunner().invoke(cli, command.split(), standalone_mode=False)
    assert isinstance(done.exception, ConfigurationError), done
    assert done.exception.exit_code is ExitCode.BAD_INPUT
    assert message in str(done.exception)
    assert done.stdout == ""
