"""A lock of Debian packages: lockfiles/NAME.debs, with one line for each package.

Its header (raydock/model/sealed.py) has `requested`, the packages that apt was requested to install, and `inputs`, the
digest of the request, so that raydock detects a stale lock without apt. Then follow the packages by name: name,
version, architecture, sha256, size in bytes, and path within the archive. No line names a host: the same packages can
come from any mirror.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import msgspec

from raydock.core.errors import ConfigurationError
from raydock.model import sealed

SUFFIX = ".debs"
_LINE = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9+.-]*) (?P<version>\S+) (?P<architecture>[a-z0-9-]+) sha256:(?P<sha256>[0-9a-f]{64})"
    r" (?P<size>\d+) (?P<path>(?!/)(?!.*\.\./)[^\s'\"]+\.deb)"
)
RELOCK = "run `./build.py lock`, then commit what it writes."


@dataclass(frozen=True, kw_only=True, order=True)
class Deb:
    """One Debian package: a file of the archive.

    Attributes:
        name: the package's name.
        version: its version, with epoch.
        architecture: `amd64` or `all`.
        sha256: the file's hexadecimal sha256.
        size: the file's size in bytes.
        path: the file's path within the archive.
    """

    name: str
    version: str
    architecture: str
    sha256: str
    size: int
    path: str

    @property
    def file(self) -> str:
        """The file's name."""
        return self.path.rpartition("/")[2]

    @property
    def line(self) -> str:
        """The package's line in a lock."""
        return f"{self.name} {self.version} {self.architecture} sha256:{self.sha256} {self.size} {self.path}\n"


@dataclass(frozen=True, kw_only=True)
class DebLock:
    """A lock.

    Attributes:
        name: the file's name without its suffix.
        header: the values of its header, by key.
        debs: the packages, by name.
    """

    name: str = ""
    header: Mapping[str, str] = field(default_factory=dict)
    debs: tuple[Deb, ...] = ()

    @property
    def inputs(self) -> str:
        """The digest of the request that it was made for."""
        return self.header.get("inputs", "")

    @cached_property
    def sha256(self) -> str:
        """The hexadecimal sha256 of the packages' lines."""
        return hashlib.sha256("".join(deb.line for deb in self.debs).encode()).hexdigest()


def compose(header: Mapping[str, str], debs: Iterable[Deb]) -> str:
    """Write the text of a lock."""
    return sealed.compose(header, "".join(deb.line for deb in sorted(debs)))


@lru_cache(maxsize=100)
def parse(name: str, text: str) -> DebLock | None:
    """Read a lock's text, once for all variants on the same base; None if it was edited."""
    parts = sealed.split(text)
    if parts is None:
        return None
    header, body = parts
    matches = [_LINE.fullmatch(line) for line in body.splitlines()]
    debs = tuple(msgspec.convert(match.groupdict(), Deb, strict=False) for match in matches if match)
    return DebLock(name=name, header=header, debs=debs) if all(matches) else None


def read(path: Path) -> DebLock | None:
    """Read a lock; None if it was edited.

    Raises FileNotFoundError if the file does not exist.
    """
    return parse(path.stem, path.read_text(encoding="utf-8", errors="replace"))


def load(path: Path, inputs: str) -> DebLock:
    """Read a lock that was made for the request with the digest `inputs`.

    Raises ConfigurationError if it is missing, was edited, or was made for a different request.
    """
    try:
        lock = read(path)
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path} does not exist.", meaning="The Debian packages of that base were never locked.", todo=RELOCK
        ) from None
    if lock is None:
        raise ConfigurationError(f"{path} was edited by hand.", todo="restore it from git, or " + RELOCK)
    if lock.inputs != inputs:
        raise ConfigurationError(
            f"{path} is out of date.",
            meaning="matrix.yaml or the packages that raydock itself installs changed since it was locked.",
            todo=RELOCK,
        )
    return lock
