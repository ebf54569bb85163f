"""How the output of ssh is handled; `ssh` is a script here."""

from pathlib import Path

import pytest

from raydock.core.errors import HostError, OutOfReachError
from raydock.core.processes import Processes
from raydock.engine import ssh
from raydock.engine.host import Host

HOST = Host(name="gpu1", address="ssh://ray@gpu1:2222")


@pytest.fixture
def ssh_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of an empty program `ssh` on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    path = tmp_path / "ssh"
    path.touch(0o755)
    return path


def test_a_script_reaches_the_host_unchanged(ssh_program: Path) -> None:
    ssh_program.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nexec sh -c "$3"\n')
    script = "printf '%s|' \"it's\" 'a\n$HOME `b`'\nexit 3"
    assert ssh.run_script(HOST, script, 5, Processes()) == "it's|a\n$HOME `b`|"


def test_the_command_line_has_user_and_port_and_disables_questions() -> None:
    command = ssh.command(HOST, "-T")
    assert command[-6:] == ["-p", "2222", "-l", "ray", "--", "gpu1"]
    assert "BatchMode=yes" in command


@pytest.mark.parametrize(
    ("script", "error", "message"),
    [
        (
            "echo 'ssh: Could not resolve hostname gpu1' >&2; exit 255",
            OutOfReachError,
            "Could not resolve hostname gpu1",
        ),
        (
            "printf '** WARNING: x\\nray@gpu1: Permission denied.\\n' >&2; exit 255",
            OutOfReachError,
            "Permission denied.",
        ),
        ("exit 255", OutOfReachError, "ssh says nothing"),
        ("exit 0", OutOfReachError, "no Docker engine has a socket there"),
        ("echo closed /var/run/docker.sock", HostError, "sudo usermod -aG docker $USER"),
        ("[ $# -gt 14 ] && echo 'forwarding refused' >&2 && exit 255; echo open /d.sock", OutOfReachError, "refused"),
    ],
)
def test_the_error_has_the_reason_of_ssh(ssh_program: Path, script: str, error: type[Exception], message: str) -> None:
    ssh_program.write_text(f"#!/bin/sh\n{script}\n")
    with pytest.raises(error) as caught, ssh.socket(HOST, Processes()):
        pass
    assert message in str(caught.value)


def test_a_host_that_does_not_answer_in_time_is_an_error(ssh_program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh_program.write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(ssh, "CONNECT_SECONDS", 0.1)
    with pytest.raises(OutOfReachError, match=r"no answer within 0\.2 s"):
        ssh.run_script(HOST, "true", 0.1, Processes())


def test_a_missing_ssh_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutOfReachError, match="ssh cannot be run: No such file or directory"):
        ssh.run_script(HOST, "true", 1, Processes())
