"""Find trivy, and explain its failures."""

import sys
from pathlib import Path

import pytest

from raydock.core.errors import ExitCode, OutOfReachError
from raydock.scan.trivy import NoDatabaseError, Trivy, explain, find


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without trivy: neither on PATH nor in raydock's environment, which is this folder."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    return tmp_path


def _program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_without_trivy_the_error_names_scripts_tools(elsewhere: Path) -> None:
    with pytest.raises(OutOfReachError) as caught:
        find()
    assert "`scripts/tools`" in caught.value.todo


def test_trivy_on_path_goes_before_the_one_in_the_environment(elsewhere: Path) -> None:
    own = _program(elsewhere / "bin" / "trivy", "")
    assert find() == str(own)
    on_path = _program(elsewhere / "nothing" / "trivy", "")
    assert find() == str(on_path)


@pytest.mark.parametrize(
    ("errors", "code", "message"),
    [
        ("FATAL\tFatal error\trun error: init error: DB error: invalid database", 5, "invalid database"),
        (
            "FATAL\tFatal error\tinit error: DB error: failed to download:\n\t* Get: refused\n",
            5,
            "download: * Get: refused.",
        ),
        ("unexpected fault address 0x7f\nfatal error: fault\n[signal SIGBUS", 5, "crashed"),
        ("FATAL\tFatal error\timage scan error: write /x: no space left on device", 4, "free disk space"),
        ("FATAL\tFatal error\t* docker error: Cannot connect to the Docker daemon", 4, "scripts/engine"),
        ("FATAL\tFatal error\tunknown flag: --offline-scan", 4, "older than 0.67"),
        ("FATAL\tFatal error\tsomething else", 1, "could not scan it: something else."),
        ("", 1, "it printed no message"),
    ],
)
def test_a_failure_is_explained(errors: str, code: ExitCode, message: str) -> None:
    error = explain("trivy", "scan it", f"2026-11-25T16:15:11Z\t{errors}" if errors else "")
    assert error.exit_code == code
    assert message in str(error)
    assert isinstance(error, NoDatabaseError) == (code == 5)


def test_a_program_that_is_not_trivy_is_reported(trivy: Trivy, tmp_path: Path) -> None:
    program = _program(tmp_path / "other", "echo hello")
    with pytest.raises(OutOfReachError, match="its output is not a JSON object: 'hello"):
        Trivy(program=str(program), folder=trivy.folder).version()
    with pytest.raises(OutOfReachError, match="does not start"):
        Trivy(program=str(tmp_path / "absent"), folder=trivy.folder).version()
