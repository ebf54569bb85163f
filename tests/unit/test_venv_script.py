"""scripts/venv, up to the point at which it installs packages."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A Python that makes no environment.
PYTHON = f'#!/bin/sh\n[ "$1" != -m ] || exit 1\nexec {sys.executable} "$@"\n'


def test_an_environment_behind_a_link_is_left_alone(tmp_path: Path) -> None:
    checkout, shared = tmp_path / "checkout", tmp_path / "shared"
    (checkout / "scripts").mkdir(parents=True)
    (checkout / "scripts" / "venv").write_bytes((ROOT / "scripts" / "venv").read_bytes())
    (checkout / "requirements.txt").write_text("")
    shared.mkdir()
    (shared / "kept").write_text("kept")
    (checkout / ".venv").symlink_to(shared)
    python = tmp_path / "python3"
    python.write_text(PYTHON)
    python.chmod(0o755)

    command = ["bash", "scripts/venv", "requirements.txt"]
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": str(python)}
    done = subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert "installing requirements.txt into .venv" in done.stderr
    assert (shared / "kept").read_text() == "kept"
    assert not (checkout / ".venv").is_symlink()
