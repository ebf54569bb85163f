import os
import shutil
from pathlib import Path

import pytest

from raydock.probe import cluster, session
from raydock.probe.answer import CheckError
from raydock.probe.image import Image
from raydock.probe.shells import TOOLS

IMAGE = Image("x", {"ray": "2.60.0"}, {})


def _write_tool(folder: Path, name: str, output: str, status: int = 0) -> None:
    path = folder / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\necho {output!r}\nexit {status}\n")
    path.chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on PATH, also in login shells, of scripts that imitate the tools."""
    folder = tmp_path / "bin"
    folder.mkdir()
    outputs = {"wget": "GNU Wget 1.21.3 built on linux-gnu.", "ray": "ray, version 2.60.0"}
    for name in TOOLS:
        _write_tool(folder, name, outputs.get(name, f"{name} output"))
    for name in ("sh", "bash"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".bash_profile").write_text(f"PATH={folder}\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_shells_that_agree_pass(tools: Path) -> None:
    detail = session.shells(IMAGE)
    assert f"{tools}/ray, {tools}/python, Ray 2.60.0" in detail
    assert "GNU Wget 1.21.3" in detail


def test_a_login_shell_that_finds_a_different_ray_fails(tools: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    _write_tool(other, "ray", "ray, version 1.0")
    (tmp_path / "home" / ".bash_profile").write_text(f"PATH={other}:{tools}\n")
    with pytest.raises(CheckError, match=r"`bash -lc` finds .*other/ray"):
        session.shells(IMAGE)


def test_a_login_shell_that_finds_no_ray_fails(tools: Path, tmp_path: Path) -> None:
    (tmp_path / "home" / ".bash_profile").write_text("PATH=/nowhere\n")
    with pytest.raises(CheckError, match=r"`bash -lc .* ended with exit status 1"):
        session.shells(IMAGE)


def test_a_shell_that_finds_no_python_fails(tools: Path) -> None:
    (tools / "python").unlink()
    with pytest.raises(CheckError, match=r"`bash -c .*` finds .*/bin/ray, not one Ray and one Python"):
        session.shells(IMAGE)


def test_a_missing_tool_fails(tools: Path) -> None:
    (tools / "openssl").unlink()
    with pytest.raises(CheckError, match=r"not on PATH under `sh -c`: openssl$"):
        session.shells(IMAGE)


def test_a_wget_that_is_not_gnu_wget_fails(tools: Path) -> None:
    _write_tool(tools, "wget", "BusyBox v1.36.1 multi-call binary.")
    with pytest.raises(CheckError, match=r"wget is not GNU Wget.*BusyBox"):
        session.shells(IMAGE)


def test_a_head_that_ends_at_once_is_quoted(tools: Path) -> None:
    _write_tool(tools, "ray", "ValueError: no such port", status=3)
    with pytest.raises(CheckError, match="`ray start` ended with exit status 3: ValueError: no such port"):
        cluster.ray(IMAGE)


@pytest.mark.parametrize("name", session.FOREIGN)
def test_a_variable_that_misleads_ray_fails(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(CheckError, match=f"{name} is set in the environment"):
        session.user(IMAGE)


def test_a_home_that_group_0_cannot_write_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(CheckError, match=r"HOME .*home \(drwxr-xr-x.* not writable for group 0"):
        session.user(IMAGE)


def test_a_missing_home_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    with pytest.raises(CheckError, match="HOME is '/nowhere', which is not a folder"):
        session.user(IMAGE)


@pytest.mark.skipif(os.getuid() != 0, reason="this test needs root")
def test_root_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckError, match="runs as uid 0"):
        session.user(IMAGE)


def test_output_of_login_files_does_not_change_the_result(tools: Path, tmp_path: Path) -> None:
    profile = tmp_path / "home" / ".bash_profile"
    noise = "echo Welcome; printf 'no newline \\033[1m \\377'; echo error >&2; trap 'printf bye' EXIT"
    profile.write_text(f"{profile.read_text()}\n{noise}\n")
    assert f"{tools}/ray, {tools}/python, Ray 2.60.0" in session.shells(IMAGE)


def test_a_ray_that_prints_no_version_fails(tools: Path) -> None:
    _write_tool(tools, "ray", "hello")
    with pytest.raises(CheckError, match="prints no version: 'hello'"):
        session.shells(IMAGE)
