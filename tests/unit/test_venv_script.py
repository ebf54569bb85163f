"""scripts/venv, up to the point at which it installs packages."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A Python that makes no environment.
PYTHON = f'#!/bin/sh\n[ "$1" != -m ] || exit 1\nexec {sys.executable} "$@"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that has the script alone, and requires nothing."""
    folder = tmp_path / "checkout"
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts" / "venv").write_bytes((ROOT / "scripts" / "venv").read_bytes())
    (folder / "requirements.txt").write_text("")
    return folder


def run(checkout: Path, python: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "scripts/venv", "requirements.txt"],
        cwd=checkout,
        env={"PATH": "/usr/bin:/bin", "PYTHON": str(python)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "text", [None, "#!/bin/sh\nexit 127\n", "#!/bin/sh\nexit 1\n"], ids=["absent", "cannot start", "too old"]
)
def test_a_named_python_is_not_replaced_by_another(checkout: Path, tmp_path: Path, text: str | None) -> None:
    python = tmp_path / "python3.12"
    if text:
        program(python, text)
    done = run(checkout, python)
    assert done.returncode == 4
    assert f"PYTHON is {python}, which does not start or is older than Python 3.11." in done.stderr
    assert not (checkout / ".venv").exists()


def test_an_environment_behind_a_link_is_left_alone(checkout: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "kept").write_text("kept")
    (checkout / ".venv").symlink_to(shared)

    done = run(checkout, program(tmp_path / "python3", PYTHON))
    assert done.returncode != 0
    assert "installing requirements.txt into .venv" in done.stderr
    assert (shared / "kept").read_text() == "kept"
    assert not (checkout / ".venv").is_symlink()
