"""What KubeRay's shells must find in an image: what they run, and how their output is read.

The check `shells` runs this in the image, clauses 1 and 2 of the contract run it in a container from outside.
"""

import re
from dataclasses import dataclass
from typing import Tuple

# What KubeRay's probes, init containers and jobs call (ray-operator v1.3.0 and v1.7.0, controllers/ray).
TOOLS = ("bash", "grep", "sleep", "wget", "openssl", "awk", "hostname", "python", "ray")
# Names the tools that are missing, for `sh -c`.
MISSING = f"for tool in {' '.join(TOOLS)}; do command -v $tool > /dev/null || echo $tool; done"
WGET = ("wget", "--version")
# How KubeRay's versions start bash, for Ray's commands.
PLAIN, LOGIN = "-c", "-lc"
_PATHS, _RAY = "command -v ray python", "ray --version"
FIND = f"{_PATHS} && {_RAY}"
_RAY_VERSION = re.compile(r"ray, version (\S+)")
_GNU_WGET = re.compile(r"GNU Wget \S+")


@dataclass(frozen=True)
class ShellFinding:
    """What a shell finds: the paths of Ray and of Python, and Ray's version."""

    paths: Tuple[str, ...]
    version: str

    def __str__(self) -> str:
        return f"{', '.join(self.paths)}, Ray {self.version}"


def find(file: str) -> str:
    """FIND with the paths written into a file, since login files may print what they like."""
    return f'{_PATHS} > "{file}" && {_RAY}'


def read(paths: str, printed: str) -> ShellFinding:
    """What FIND found, by the paths in its file and what it printed.

    Raises ValueError, in words that follow the command's, if a path or Ray's version is missing.
    """
    versions, found = _RAY_VERSION.findall(printed), tuple(paths.splitlines())
    if not versions:
        raise ValueError(f"prints no version: {printed[-200:]!r}")
    if len(found) != len(("ray", "python")):
        raise ValueError(f"finds {', '.join(found) or 'nothing'}, not one Ray and one Python")
    return ShellFinding(found, versions[-1])


def gnu_wget(printed: str) -> str:
    """The name and version in what `wget --version` prints; empty if it is a different wget."""
    match = _GNU_WGET.search(printed)
    return match[0] if match else ""
