"""Checks of the shells, the tools on PATH, the user and its environment."""

import os
import re
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import List, Tuple

from .answer import CheckError, conclude
from .image import Image
from .process import capture, finish, start

# What KubeRay's probes, init containers and jobs call (ray-operator v1.3.0 and v1.7.0, controllers/ray).
TOOLS = ("bash", "grep", "sleep", "wget", "openssl", "awk", "hostname", "python", "ray")
FOREIGN = ("RAY_ADDRESS", "RAY_PORT", "PYTHONDONTWRITEBYTECODE")
_FIND_RAY = "command -v ray python && ray --version"
_RAY_VERSION = re.compile(r"ray, version \S+")
_WGET = re.compile(r"GNU Wget \S+")


def shells(image: Image) -> str:
    """Check that plain and login shells agree, and that KubeRay's tools exist."""
    del image
    with tempfile.TemporaryDirectory() as folder:
        running = [_start(flag, Path(folder) / flag) for flag in ("-c", "-lc")]
        plain, login = (_read_found(flag, Path(folder) / flag, process) for flag, process in running)
    missing = capture("sh", "-c", f"for tool in {' '.join(TOOLS)}; do command -v $tool >/dev/null || echo $tool; done")
    if missing:
        raise CheckError("not on PATH under `sh -c`: " + ", ".join(missing.split()))
    printed = capture("wget", "--version")
    wget = _WGET.search(printed)
    if not wget:
        raise CheckError(f"wget is not GNU Wget, which KubeRay's probes need: it prints {printed[:80]!r}")
    if plain != login:
        raise CheckError(f"`bash -c` finds {plain}, but `bash -lc` finds {login}")
    return f"-c and -lc agree: {', '.join(plain)}; {len(TOOLS)} tools on PATH, {wget[0]}"


def _start(flag: str, paths: Path) -> "Tuple[str, subprocess.Popen[str]]":
    """Start a shell that writes the paths of Ray and Python to a file.

    Login files may print, so stdout cannot be used.
    """
    find, run = _FIND_RAY.split(" && ")
    return flag, start(["bash", flag, f'{find} > "{paths}" && {run}'])


def _read_found(flag: str, paths: Path, process: "subprocess.Popen[str]") -> "List[str]":
    """The paths of Ray and Python that the shell found, and Ray's version."""
    printed = finish(process, f"bash {flag} '{_FIND_RAY}'")
    versions = _RAY_VERSION.findall(printed)
    if not versions:
        raise CheckError(f"`bash {flag} 'ray --version'` prints no version: {printed[-200:]!r}")
    return [*paths.read_text(encoding="utf-8", errors="replace").splitlines(), versions[-1]]


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
