"""The file with a cluster's token: who may read it, and that it is never replaced."""

import os
from pathlib import Path

import pytest

from raydock.deploy.docker import token


def test_a_token_is_written_once_for_the_images_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token, "_USER", os.getuid())
    assert token.write_token(tmp_path / "cluster", "image") == ""
    path = tmp_path / "cluster" / token.NAME
    first = path.read_text()
    assert len(first) == 64
    assert path.stat().st_mode & 0o777 == 0o600
    token.write_token(tmp_path / "cluster", "image")
    assert path.read_text() == first
    token.write_token(tmp_path / "other", "image")
    assert (tmp_path / "other" / token.NAME).read_text() != first


def test_a_user_who_may_not_give_the_token_to_the_images_user_is_told_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(token, "_USER", os.getuid() + 1)
    monkeypatch.setattr(os, "chown", refuse)  # root may give files to everyone
    said = token.write_token(tmp_path, "raydock:x")
    assert f"--volume {tmp_path}/auth-token:/token raydock:x chown {os.getuid() + 1} /token`" in said
