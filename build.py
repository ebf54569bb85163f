#!/usr/bin/env python3
"""Run raydock in its checkout: `./build.py COMMAND`. The commands are in raydock/cli/."""

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

_RESTARTED = "RAYDOCK_VENV"  # set when this script starts itself again, which it does once


def fail(problem: str, todo: str) -> NoReturn:
    """Print why raydock cannot start and what to do, and exit with code 4."""
    print(f"build.py: {problem}\nNext: {todo}", file=sys.stderr)
    sys.exit(4)


def use_venv() -> None:
    """Restart with the checkout's .venv, if it exists and this Python is not in a virtual environment."""
    python = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
    started_again = os.environ.pop(_RESTARTED, None)  # not inherited by programs that raydock starts
    if sys.prefix != sys.base_prefix or started_again:
        return
    # Python prints a traceback if it is interrupted while it starts: the signal waits for `run`.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        os.execve(python, [str(python), *sys.argv], {**os.environ, _RESTARTED: "1"})  # noqa: S606 - this script again
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        fail(f"{python} cannot be run: {error.strerror}.", "`make venv`, then run this again.")


def run() -> None:
    """Run the command line."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        from raydock.__main__ import main
    except ImportError as error:
        fail(f"{error} ({sys.executable}).", "`make venv`, then run this again.")
    main()


if __name__ == "__main__":
    if __spec__ is not None:  # `python -m build` in this folder imports this file, not the package `build`
        fail(
            "this is raydock's entry point.",
            "`pyproject-build` builds a wheel; `./build.py --help` lists the commands.",
        )
    try:
        use_venv()
        run()
    except KeyboardInterrupt:
        sys.exit(130)
