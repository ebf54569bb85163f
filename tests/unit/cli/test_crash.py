"""Unhandled exceptions: one line on stderr, a file with the traceback, exit code 70."""

import re
import threading
from pathlib import Path

import click
import pytest
import requests
from docker.errors import APIError

from raydock.__main__ import cli
from raydock.cli import crash
from raydock.core.errors import ExitCode
from tests.support.inprocess import run_in_process
from tests.support.toy import ROOT, Checkout, Run

SECRET = "https://ray:secret@index.example/simple"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    (tmp_path / "matrix.yaml").touch()
    return Checkout(root=tmp_path, environment={})


def run(checkout: Checkout, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> Run:
    """The result of a command that raises this exception."""

    def fail() -> None:
        raise error

    monkeypatch.setitem(cli.commands, "fail", click.Command("fail", callback=fail))
    return run_in_process(checkout, "fail")


@pytest.mark.parametrize(
    "error", [KeyError("containerimage.digest"), RuntimeError(SECRET), RecursionError(), ValueError("a\nb")]
)
def test_a_bug_is_one_line_and_a_file(checkout: Checkout, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    done = run(checkout, monkeypatch, error)
    assert done.code == 70
    assert done.out == ""
    [line] = done.err.splitlines()
    assert line.startswith(f"raydock: a bug in raydock ended this command: {type(error).__name__}")
    path = Path(re.findall(r"\S+\.log", line)[0])
    assert path.parent == checkout.root / ".raydock" / "logs"
    text = path.read_text()
    assert "Traceback (most recent call last)" in text
    assert "in fail" in text
    assert "secret" not in text
    assert "Next: report it where you got raydock" in line


def test_without_a_checkout_the_file_is_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = run(Checkout(root=tmp_path / "nowhere", environment={}), monkeypatch, KeyError("x"))
    assert done.code == ExitCode.BUG
    assert list(tmp_path.glob("raydock-crash-*.log"))


def test_a_full_disk_does_not_hide_the_bug(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    done = run(checkout, monkeypatch, KeyError("x"))
    assert done.code == ExitCode.BUG
    assert re.search(
        r"KeyError: 'x'\. It was raised in .*test_crash\.py:\d+; no traceback could be saved: No space", done.err
    )


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (APIError("500 Server Error", explanation="disk is broken"), "the Docker engine refused while"),
        (requests.ConnectionError("connection reset"), "a server went away: connection reset"),
        (ConnectionResetError("reset"), "a server went away: reset"),
        (PermissionError(13, "Permission denied", "/etc/shadow"), "/etc/shadow cannot be used: Permission denied"),
    ],
)
def test_a_network_or_file_error_is_not_reported_as_a_bug(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    done = run(checkout, monkeypatch, error)
    assert done.code == ExitCode.OUT_OF_REACH
    assert message in done.err
    assert "Next: " in done.err
    assert not list(checkout.root.rglob("*.log"))


def _fail_with_a_key() -> None:
    raise KeyError("x")


def test_a_thread_prints_no_traceback(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAYDOCK_ROOT", str(checkout.root))
    monkeypatch.setattr(threading, "excepthook", crash.in_thread)
    thread = threading.Thread(target=_fail_with_a_key)
    thread.start()
    thread.join()
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "KeyError: 'x'" in message


def test_the_exit_code_is_documented() -> None:
    assert "| 70 | A bug in raydock." in (ROOT / "docs" / "reference" / "exit-codes.md").read_text()
