"""Running git in a folder."""

import os
from pathlib import Path

import pytest

from raydock.core import git


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tester@example.org")
    (tmp_path / "file").write_text("1", encoding="utf-8")
    for arguments in (("init", "--quiet"), ("add", "file"), ("commit", "--quiet", "-m", "one")):
        assert git.run(tmp_path, *arguments).returncode == 0
    return tmp_path


def test_git_runs_in_the_folder(repository: Path) -> None:
    assert git.run(repository, "ls-files", "-z").stdout == b"file\0"
    assert git.output(repository, "log", "--format=%s") == "one"


def test_the_output_of_a_failed_command_is_empty(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert git.output(repository, "rev-parse", "--verify", "nothing") == ""
    assert git.output(tmp_path_factory.mktemp("elsewhere"), "rev-parse", "HEAD") == ""


def test_a_command_does_not_write_to_the_index(repository: Path) -> None:
    os.utime(repository / "file", (1, 1))  # by default, git would refresh the index
    before = (repository / ".git" / "index").read_bytes()
    assert git.output(repository, "status", "--porcelain") == ""
    assert (repository / ".git" / "index").read_bytes() == before


def test_the_output_without_git_is_empty(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert git.output(repository, "log") == ""


def test_git_has_a_time_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 20\n", encoding="utf-8")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(git, "_SECONDS", 0.2)
    assert git.output(tmp_path, "log") == ""
