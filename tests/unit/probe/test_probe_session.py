import os
import shutil
from pathlib import Path

import pytest

from raydock.probe import cluster, session
from raydock.probe.answer import CheckError
from raydock.probe.image import Image
from raydock.probe.shells import TOOLS

IMAGE = Image("x", {"ray": "2.60.0"}, {})


def _tool(folder: Path, name: str, says: str, status: int = 0) -> None:
    path = folder / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\necho {says!r}\nexit {status}\n")
    path.chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH, for login shells too, of stand-ins that say what the real tools say."""
    folder = tmp_path / "bin"
    folder.mkdir()
    says = {"wget": "GNU Wget 1.21.3 built on linux-gnu.", "ray": "ray, version 2.60.0"}
    for name in TOOLS:
        _tool(folder, name, says.get(name, f"{name} says"))
    for name in ("sh", "bash"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".bash_profile").write_text(f"PATH={folder}\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_shells_that_agree(tools: Path) -> None:
    said = session.shells(IMAGE)
    assert f"{tools}/ray, {tools}/python, Ray 2.60.0" in said
    assert "GNU Wget 1.21.3" in said


def test_a_login_shell_that_finds_another_ray(tools: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    _tool(other, "ray", "ray, version 1.0")
    (tmp_path / "home" / ".bash_profile").write_text(f"PATH={other}:{tools}\n")
    with pytest.raises(CheckError, match=r"`bash -lc` finds .*other/ray"):
        session.shells(IMAGE)


def test_a_login_shell_that_finds_none(tools: Path, tmp_path: Path) -> None:
    (tmp_path / "home" / ".bash_profile").write_text("PATH=/nowhere\n")
    with pytest.raises(CheckError, match=r"`bash -lc .* ended with exit status 1"):
        session.shells(IMAGE)


def test_a_shell_that_finds_no_python(tools: Path) -> None:
    (tools / "python").unlink()
    with pytest.raises(CheckError, match=r"`bash -c .*` finds .*/bin/ray, not one Ray and one Python"):
        session.shells(IMAGE)


def test_a_tool_that_is_not_there(tools: Path) -> None:
    (tools / "openssl").unlink()
    with pytest.raises(CheckError, match=r"not on PATH under `sh -c`: openssl$"):
        session.shells(IMAGE)


def test_another_wget(tools: Path) -> None:
    _tool(tools, "wget", "BusyBox v1.36.1 multi-call binary.")
    with pytest.raises(CheckError, match=r"wget is not GNU Wget.*BusyBox"):
        session.shells(IMAGE)


def test_a_head_that_ends_at_once_is_quoted(tools: Path) -> None:
    _tool(tools, "ray", "ValueError: no such port", status=3)
    with pytest.raises(CheckError, match="`ray start` ended with exit status 3: ValueError: no such port"):
        cluster.ray(IMAGE)


@pytest.mark.parametrize("name", session.FOREIGN)
def test_variables_that_mislead_ray(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(CheckError, match=f"{name} is set in the environment"):
        session.user(IMAGE)


def test_a_home_that_group_0_may_not_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(CheckError, match=r"HOME .*home \(drwxr-xr-x.* not writable for group 0"):
        session.user(IMAGE)


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    with pytest.raises(CheckError, match="HOME is '/nowhere', which is not a folder"):
        session.user(IMAGE)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can ask as root")
def test_root(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckError, match="runs as uid 0"):
        session.user(IMAGE)


def test_what_login_files_print_does_not_disturb_the_shells(tools: Path, tmp_path: Path) -> None:
    profile = tmp_path / "home" / ".bash_profile"
    noise = "echo Welcome; printf 'no newline \\033[1m \\377'; echo error >&2; trap 'printf bye' EXIT"
    profile.write_text(f"{profile.read_text()}\n{noise}\n")
    assert f"{tools}/ray, {tools}/python, Ray 2.60.0" in session.shells(IMAGE)


def test_a_ray_that_prints_no_version(tools: Path) -> None:
    _tool(tools, "ray", "hello")
    with pytest.raises(CheckError, match="prints no version: 'hello'"):
        session.shells(IMAGE)
