"""Commands that a check runs."""

import json
import os
import subprocess
from typing import Any, Dict, Optional, Sequence

from .answer import CheckError

# What stands before the JSON that a program of the probe prints: a sitecustomize may print before and after it.
ANSWER = "raydock-answer: "


def start(argv: Sequence[str], env: Optional[Dict[str, str]] = None) -> "subprocess.Popen[str]":
    """Starts a command with its output kept apart. Raises CheckError where there is no such command."""
    try:
        return subprocess.Popen(
            argv,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise CheckError(f"{argv[0]}: {os.strerror(error.errno or 0)}") from None


def finish(process: "subprocess.Popen[str]", what: str) -> str:
    """A command's stdout once it has ended. Raises CheckError, with its last line, where it failed."""
    out, err = process.communicate()
    if process.returncode:
        words = (err.strip() or out.strip() or "no output").splitlines()[-1]
        raise CheckError(f"`{what}` ended with exit status {process.returncode}: {words}")
    return out.strip()


def answer(process: "subprocess.Popen[str]", what: str) -> Any:
    """The JSON that a program printed after ANSWER. Raises CheckError, with its last line, if it failed or has none."""
    out = finish(process, what)
    try:
        return json.JSONDecoder().raw_decode(out.rpartition(ANSWER)[2])[0]
    except ValueError:
        raise CheckError(f"`{what}` ended without its answer: {(out or 'no output').splitlines()[-1]}") from None


def output(*argv: str) -> str:
    """What a command prints. Raises CheckError where it fails."""
    return finish(start(argv), " ".join(argv))
