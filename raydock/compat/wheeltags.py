"""The compatibility tags of wheels: which of them a CPython on Linux may install (PEP 425 and 600)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename
from packaging.version import Version

MACHINES = {"amd64": "x86_64"}

# glibc of the platform tags that name none (PEP 513, 571 and 599).
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
    """The platform tag of wheels that run from a glibc on."""
    major, minor = glibc
    return f"manylinux_{major}_{minor}_{MACHINES[arch]}"


def accepts(tag: Tag, python: str, arch: str) -> bool:
    """Whether a CPython on Linux installs wheels of a tag, whatever its glibc."""
    return (tag.interpreter, tag.abi) in _interpreters(python) and needed_glibc(tag.platform, arch) is not None


@cache
def _interpreters(python: str) -> frozenset[tuple[str, str]]:
    """The interpreters and ABIs of the tags that a CPython accepts."""
    return frozenset((tag.interpreter, tag.abi) for tag in _tags(python, ["any"]))


def _tags(python: str, platforms: Sequence[str]) -> Iterator[Tag]:
    """The tags that a CPython accepts on some platforms, the best first."""
    major, minor = (int(part) for part in python.split("."))
    interpreter = f"cp{major}{minor}"
    yield from cpython_tags((major, minor), abis=[interpreter], platforms=platforms)
    yield from compatible_tags((major, minor), interpreter=interpreter, platforms=platforms)


@dataclass(frozen=True)
class Platform:
    """A CPython on a Linux with some glibc: which wheels it may install, the best first."""

    python: str
    arch: str
    glibc: str

    @cached_property
    def ranks(self) -> dict[Tag, int]:
        """Compatibility tags and their rank; 0 is the best."""
        return {tag: rank for rank, tag in reversed(list(enumerate(_tags(self.python, list(self._platforms())))))}

    def _platforms(self) -> Iterator[str]:
        major, oldest = _OLDEST
        for minor in range(Version(self.glibc).minor, oldest - 1, -1):
            yield manylinux((major, minor), self.arch)
            if legacy := _NAMES.get((major, minor)):
                yield f"{legacy}_{MACHINES[self.arch]}"

    def rank(self, filename: str) -> tuple[int, int] | None:
        """How well a wheel fits, the lowest the best: by tag, then build number (PEP 427); None where it does not."""
        _, _, build, tags = parse_wheel_filename(filename)
        found = [self.ranks[tag] for tag in tags if tag in self.ranks]
        return (min(found), -build[0] if build else 1) if found else None
