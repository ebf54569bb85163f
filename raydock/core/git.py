"""What git says of a checkout."""

import subprocess
from pathlib import Path

_SECONDS = 30.0


def run(root: Path, *words: str, seconds: float | None = None) -> "subprocess.CompletedProcess[bytes]":
    """What git answers in a folder, without writing to the repository's index; within `seconds`, if any.

    Raises OSError if git is not on PATH, subprocess.TimeoutExpired if it takes longer.
    """
    command = ["git", "--no-optional-locks", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, check=False, timeout=seconds)


def output(root: Path, *words: str) -> str:
    """What git prints in a folder; empty if there is no git, no repository or no answer within half a minute."""
    try:
        done = run(root, *words, seconds=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout.decode(errors="replace").strip()
