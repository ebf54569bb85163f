"""The compatibility tags of wheels that a CPython on Linux can install (PEP 425 and 600)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename
from packaging.version import Version

MACHINES = {"amd64": "x86_64"}

# glibc of the platform tags that do not name it (PEP 513, 571 and 599).
_LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_NAMES = {glibc: name for name, glibc in _LEGACY.items()}
_OLDEST = min(_NAMES)
_MANYLINUX = re.compile(r"(?P<policy>manylinux(?:_(?P<major>\d+)_(?P<minor>\d+)|\d+))_(?P<machine>.+)")

Glibc = tuple[int, int]


def needed_glibc(platform: str, arch: str) -> Glibc | None:
    """The oldest glibc on which a wheel with a platform tag runs; (0, 0) for `any`, None for other platforms."""
    if platform == "any":
        return (0, 0)
    match = _MANYLINUX.fullmatch(platform)
    if match is None or match["machine"] != MACHINES[arch]:
        return None
    return (int(match["major"]), int(match["minor"])) if match["major"] else _LEGACY.get(match["policy"])


def manylinux(glibc: Glibc, arch: str) -> str:
    """The platform tag of wheels that need this glibc or a newer one."""
    major, minor = glibc
    return f"manylinux_{major}_{minor}_{MACHINES[arch]}"


def accepts(tag: Tag, python: str, arch: str) -> bool:
    """Whether a CPython on Linux installs wheels with a tag, with any glibc."""
    return (tag.interpreter, tag.abi) in _interpreters(python) and needed_glibc(tag.platform, arch) is not None


@cache
def _interpreters(python: str) -> frozenset[tuple[str, str]]:
    """The interpreters and ABIs of the tags that a CPython accepts."""
    return frozenset((tag.interpreter, tag.abi) for tag in _tags(python, ["any"]))


def _tags(python: str, platforms: Sequence[str]) -> Iterator[Tag]:
    """The tags that a CPython accepts on these platforms, the best first."""
    major, minor = (int(part) for part in python.split("."))
    interpreter = f"cp{major}{minor}"
    yield from cpython_tags((major, minor), abis=[interpreter], platforms=platforms)
    yield from compatible_tags((major, minor), interpreter=interpreter, platforms=platforms)


@dataclass(frozen=True)
class Platform:
    """A CPython on Linux.

    Attributes:
        python: its version, such as 3.11.
        arch: the architecture.
        glibc: the version of glibc, such as 2.36.
    """

    python: str
    arch: str
    glibc: str

    def platforms(self) -> Iterator[str]:
        """The tags of the platforms whose wheels it can install, the best first."""
        major, oldest = _OLDEST
        for minor in range(Version(self.glibc).minor, oldest - 1, -1):
            yield manylinux((major, minor), self.arch)
            if legacy := _NAMES.get((major, minor)):
                yield f"{legacy}_{MACHINES[self.arch]}"

    def rank(self, filename: str) -> tuple[int, int] | None:
        """The rank of a wheel by tag, then by build number (PEP 427); the lowest is the best.

        None if the platform cannot install the wheel.
        """
        _, _, build, tags = parse_wheel_filename(filename)
        known = _ranks(self)
        ranks = [known[tag] for tag in tags if tag in known]
        return (min(ranks), -build[0] if build else 1) if ranks else None


@cache
def _ranks(platform: Platform) -> dict[Tag, int]:
    """The rank of each compatibility tag; 0 is the best."""
    tags = _tags(platform.python, list(platform.platforms()))
    return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}
