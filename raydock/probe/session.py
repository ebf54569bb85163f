"""Checks of what a user and KubeRay meet first: the shells, the tools on PATH, the user and its environment."""

import os
import stat
import subprocess
import tempfile
from pathlib import Path

from .answer import CheckError, verdict
from .image import Image
from .process import finish, output, start
from .shells import FIND, LOGIN, MISSING, PLAIN, TOOLS, WGET, ShellFinding, find, gnu_wget, read

FOREIGN = ("RAY_ADDRESS", "RAY_PORT", "PYTHONDONTWRITEBYTECODE")


def shells(image: Image) -> str:
    """`bash -c` and `bash -lc` find the same Ray and Python; the tools that KubeRay calls are on PATH."""
    del image
    with tempfile.TemporaryDirectory() as folder:
        running = [(flag, Path(folder) / flag) for flag in (PLAIN, LOGIN)]
        started = [start(["bash", flag, find(str(paths))]) for flag, paths in running]
        plain, login = (_found(*one, process) for one, process in zip(running, started))
    missing = output("sh", "-c", MISSING)
    if missing:
        raise CheckError("not on PATH under `sh -c`: " + ", ".join(missing.split()))
    printed = output(*WGET)
    wget = gnu_wget(printed)
    if not wget:
        raise CheckError(f"wget is not GNU Wget, which KubeRay's probes need, but {printed[:80]!r}")
    if plain != login:
        raise CheckError(f"`bash -c` finds {plain}, but `bash -lc` finds {login}")
    return f"-c and -lc agree: {plain}; {len(TOOLS)} tools on PATH, {wget}"


def _found(flag: str, paths: Path, process: "subprocess.Popen[str]") -> ShellFinding:
    """What a shell found. Raises CheckError if it found no Ray or no Python."""
    printed = finish(process, f"bash {flag} '{FIND}'")
    try:
        return read(paths.read_text(encoding="utf-8", errors="replace"), printed)
    except ValueError as trouble:
        raise CheckError(f"`bash {flag} '{FIND}'` {trouble}") from None


def user(image: Image) -> str:
    """Not root, a HOME that this user and group 0 may write, and no variable that would mislead Ray."""
    del image
    home = Path(os.environ.get("HOME", ""))
    problems = ["runs as uid 0; Kubernetes' runAsNonRoot refuses it"] if os.getuid() == 0 else []
    problems += _home_problems(home)
    problems += [f"{name} is set in the environment" for name in FOREIGN if name in os.environ]
    return verdict(problems, f"uid {os.getuid()}, group {os.getgid()}, HOME {home} writable for both")


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
