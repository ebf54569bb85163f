"""Run git in a checkout."""

import subprocess
from pathlib import Path

_SECONDS = 30.0


def run(root: Path, *arguments: str, seconds: float | None = None) -> "subprocess.CompletedProcess[bytes]":
    """Runs git in a folder, without writes to the repository's index.

    `seconds` is the time limit; None for no limit.
    Raises OSError if git is not on PATH, subprocess.TimeoutExpired if it exceeds the limit.
    """
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=seconds)


def output(root: Path, *arguments: str) -> str:
    """The output of git in a folder.

    Empty if git or the repository is missing, or git exceeds 30 seconds.
    """
    try:
        done = run(root, *arguments, seconds=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout.decode(errors="replace").strip()
