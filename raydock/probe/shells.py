"""The programs that KubeRay's shells must find in an image, and how their output is read.

The check `shells` uses this in the image, clauses 1 and 2 of the contract in a container from outside.
"""

import re

# The programs that KubeRay's probes, init containers and jobs call (ray-operator v1.3.0 and v1.7.0, controllers/ray).
TOOLS = ("bash", "grep", "sleep", "wget", "openssl", "awk", "hostname", "python", "ray")
# Prints the missing tools, for `sh -c`.
MISSING = f"for tool in {' '.join(TOOLS)}; do command -v $tool > /dev/null || echo $tool; done"
WGET = ("wget", "--version")
# The options with which KubeRay's versions start bash for Ray's commands.
PLAIN, LOGIN = "-c", "-lc"
_PATHS, _RAY = "command -v ray python", "ray --version"
FIND = f"{_PATHS} && {_RAY}"
_RAY_VERSION = re.compile(r"ray, version (\S+)")
_GNU_WGET = re.compile(r"GNU Wget \S+")


def find(file: str) -> str:
    """FIND, with the paths written to a file.

    Login files may print, so stdout cannot be used.
    """
    return f'{_PATHS} > "{file}" && {_RAY}'


def read(paths: str, printed: str) -> str:
    """What FIND found: the paths of Ray and Python, and Ray's version.

    `paths`: the content of its file; `printed`: its output. Raises ValueError if a path or Ray's version is missing;
    its message follows the command.
    """
    versions, found = _RAY_VERSION.findall(printed), paths.splitlines()
    if not versions:
        raise ValueError(f"prints no version: {printed[-200:]!r}")
    if len(found) != len(("ray", "python")):
        raise ValueError(f"finds {', '.join(found) or 'nothing'}, not one Ray and one Python")
    return f"{', '.join(found)}, Ray {versions[-1]}"


def gnu_wget(printed: str) -> str:
    """The name and version of GNU Wget in the output of WGET; empty if it is a different wget."""
    match = _GNU_WGET.search(printed)
    return match[0] if match else ""
