"""Checks of what a user and KubeRay meet first: the shells, the tools on PATH, the user and its environment."""

import os
import stat
import tempfile
from pathlib import Path

from .answer import CheckError, verdict
from .command import finish, output, start
from .image import Image

# What KubeRay's probes, init containers and jobs call (ray-operator v1.3.0 and v1.7.0, controllers/ray).
TOOLS = ("bash", "grep", "sleep", "wget", "openssl", "awk", "hostname", "python", "ray")
FOREIGN = ("RAY_ADDRESS", "RAY_PORT", "PYTHONDONTWRITEBYTECODE")
_ASK_SHELL = "command -v ray python && ray --version"


def shells(image: Image) -> str:
    """`bash -c` and `bash -lc` find the same Ray and Python; the tools that KubeRay calls are on PATH."""
    del image
    pair = [(flag, start(["bash", flag, _ASK_SHELL])) for flag in ("-c", "-lc")]
    found = output("sh", "-c", f"for tool in {' '.join(TOOLS)}; do command -v $tool >/dev/null || echo $tool; done")
    if found:
        raise CheckError("not on PATH under `sh -c`: " + ", ".join(found.split()))
    wget = output("wget", "--version").splitlines()[0]
    if "GNU Wget" not in wget:
        raise CheckError(f"wget is not GNU Wget, which KubeRay's probes need, but {wget!r}")
    plain, login = (finish(process, f"bash {flag} '{_ASK_SHELL}'") for flag, process in pair)
    if plain != login:
        raise CheckError(f"`bash -c` finds {plain.split()}, but `bash -lc` finds {login.split()}")
    return (
        f"-c and -lc agree: {', '.join(plain.splitlines())}; {len(TOOLS)} tools on PATH, {' '.join(wget.split()[:3])}"
    )


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
        return [f"HOME is {str(home)!r}, which is no folder"]
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
