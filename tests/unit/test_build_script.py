"""build.py: how it finds its environment, and its error if it has none."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYSTEM = str(Path(sys.base_prefix) / "bin" / "python3")
PUBLIC = shutil.which("python3", path="/usr/bin")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with only build.py; tests add a .venv that is not an environment: its Python is the system's."""
    shutil.copy(ROOT / "build.py", tmp_path)
    return tmp_path


def run(checkout: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False, timeout=20)


def test_a_broken_environment_is_tried_once(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(SYSTEM)
    done = run(checkout, SYSTEM, "build.py", "plan")
    assert done.returncode == 4
    assert "No module named 'raydock'" in done.stderr
    assert "Next: `make venv`" in done.stderr


def test_an_environment_whose_python_does_not_start(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").write_text("not a program")
    done = run(checkout, SYSTEM, "build.py", "plan")
    assert done.returncode == 4
    assert "cannot be run" in done.stderr
    assert "Next: `make venv`" in done.stderr


@pytest.mark.skipif(
    os.getuid() != 0 or not PUBLIC or not shutil.which("setpriv"),
    reason="this test needs root, setpriv and a Python in /usr/bin, to run it as a user who cannot read a folder",
)
def test_an_environment_that_this_user_cannot_read(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    private = tmp_path_factory.mktemp("private")
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(private / "python")
    for folder in (*checkout.parents[: len(checkout.parents) - 2], checkout):
        folder.chmod(0o755)
    private.chmod(0o700)
    done = run(checkout, "setpriv", "--reuid=65534", "--clear-groups", str(PUBLIC), "build.py", "plan")
    assert done.returncode == 4
    assert "cannot be run: Permission denied" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupt_while_the_environment_starts_is_no_traceback(checkout: Path) -> None:
    venv.create(checkout / ".venv")
    [site] = (checkout / ".venv").glob("lib/python*/site-packages")
    (site / "sitecustomize.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = run(checkout, SYSTEM, "build.py", "plan")
    assert (done.returncode, done.stderr) == (130, "")


def test_run_as_a_module_it_names_pyproject_build(checkout: Path) -> None:
    done = run(checkout, SYSTEM, "-m", "build")
    assert done.returncode == 4
    assert "pyproject-build" in done.stderr


def test_the_make_target_that_it_names_exists() -> None:
    assert "\nvenv:" in (ROOT / "Makefile").read_text()
