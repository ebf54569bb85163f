"""Checks of the shells, the tools on PATH, the user and its environment."""

import os
import stat
import subprocess
import tempfile
from pathlib import Path

from .answer import CheckError, conclude
from .image import Image
from .process import capture, finish, start
from .shells import FIND, LOGIN, MISSING, PLAIN, TOOLS, WGET, find, gnu_wget, read

FOREIGN = ("RAY_ADDRESS", "RAY_PORT", "PYTHONDONTWRITEBYTECODE")


def shells(image: Image) -> str:
    """Check that plain and login shells agree, and that KubeRay's tools exist."""
    del image
    with tempfile.TemporaryDirectory() as folder:
        running = [(flag, Path(folder) / flag) for flag in (PLAIN, LOGIN)]
        processes = [start(["bash", flag, find(str(paths))]) for flag, paths in running]
        plain, login = (_read_found(*shell, process) for shell, process in zip(running, processes))
    missing = capture("sh", "-c", MISSING)
    if missing:
        raise CheckError("not on PATH under `sh -c`: " + ", ".join(missing.split()))
    printed = capture(*WGET)
    wget = gnu_wget(printed)
    if not wget:
        raise CheckError(f"wget is not GNU Wget, which KubeRay's probes need: it prints {printed[:80]!r}")
    if plain != login:
        raise CheckError(f"`bash -c` finds {plain}, but `bash -lc` finds {login}")
    return f"-c and -lc agree: {plain}; {len(TOOLS)} tools on PATH, {wget}"


def _read_found(flag: str, paths: Path, process: "subprocess.Popen[str]") -> str:
    """Read what a shell found.

    Raises CheckError if it did not find Ray and Python.
    """
    printed = finish(process, f"bash {flag} '{FIND}'")
    try:
        return read(paths.read_text(encoding="utf-8", errors="replace"), printed)
    except ValueError as problem:
        raise CheckError(f"`bash {flag} '{FIND}'` {problem}") from None


def user(image: Image) -> str:
    """Check the user, its HOME, and variables that would mislead Ray."""
    del image
    home = Path(os.environ.get("HOME", ""))
    problems = ["runs as uid 0; Kubernetes' runAsNonRoot refuses it"] if os.getuid() == 0 else []
    problems += _home_problems(home)
    problems += [f"{name} is set in the environment" for name in FOREIGN if name in os.environ]
    return conclude(problems, f"uid {os.getuid()}, group {os.getgid()}, HOME {home} writable for both")


def _home_problems(home: Path) -> "list[str]":
    if not home.is_absolute() or not home.is_dir():
        return [f"HOME is {str(home)!r}, which is not a folder"]
    problems = []
    try:
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        problems.append(f"HOME {home} is not writable: {error.strerror}")
    status = home.stat()
    if status.st_gid != 0 or not status.st_mode & stat.S_IWGRP or not status.st_mode & stat.S_IXGRP:
        mode = stat.filemode(status.st_mode)
        problems.append(f"HOME {home} ({mode}, group {status.st_gid}) is not writable for group 0, as OpenShift needs")
    return problems
