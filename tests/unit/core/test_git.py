"""The one way to git."""

import os
from pathlib import Path

import pytest

from raydock.core import git


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "nobody")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "nobody@example.org")
    (tmp_path / "file").write_text("1", encoding="utf-8")
    for words in (("init", "--quiet"), ("add", "file"), ("commit", "--quiet", "-m", "one")):
        assert git.run(tmp_path, *words).returncode == 0
    return tmp_path


def test_git_is_asked_in_the_folder(repository: Path) -> None:
    assert git.run(repository, "ls-files", "-z").stdout == b"file\0"
    assert git.output(repository, "log", "--format=%s") == "one"


def test_what_git_does_not_know_is_empty(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert git.output(repository, "rev-parse", "--verify", "nothing") == ""
    assert git.output(tmp_path_factory.mktemp("elsewhere"), "rev-parse", "HEAD") == ""


def test_a_question_leaves_the_index_as_it_is(repository: Path) -> None:
    os.utime(repository / "file", (1, 1))  # git would note that the content is the same all the same
    before = (repository / ".git" / "index").read_bytes()
    assert git.output(repository, "status", "--porcelain") == ""
    assert (repository / ".git" / "index").read_bytes() == before


def test_without_git_there_is_no_answer(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert git.output(repository, "log") == ""


def test_a_git_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 20\n", encoding="utf-8")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(git, "_SECONDS", 0.2)
    assert git.output(tmp_path, "log") == ""
