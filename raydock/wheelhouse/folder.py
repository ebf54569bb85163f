"""A folder of wheels, read: its wheels, and the files that are meant to be wheels and are none."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import InvalidSdistFilename, parse_sdist_filename
from packaging.version import Version

from raydock.errors import ConfigurationError, OutOfReachError, nearest
from raydock.model.facts import Release
from raydock.parallel import in_parallel
from raydock.wheelhouse import wheelfile
from raydock.wheelhouse.wheelfile import BrokenWheelError

_READERS = 4
# What browsers, wget wrappers and download managers call a file that is not whole yet.
_PARTIAL = re.compile(r"\.whl\.\w+$|\.(part|crdownload|partial|download|current|aria2)$")


@dataclass(frozen=True)
class Held:
    """A wheel of the folder, and what its METADATA says."""

    path: Path
    release: Release

    @property
    def filename(self) -> str:
        return self.path.name

    @property
    def project(self) -> str:
        return self.release.project

    @property
    def version(self) -> Version:
        return Version(self.release.version)

    def __str__(self) -> str:
        return str(self.release)


@dataclass(frozen=True)
class Broken:
    """A file that cannot be installed, and why, in words that follow its name."""

    filename: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Folder:
    """What a folder holds, by file name. `partial` are downloads that never ended, `sdists` want to be built."""

    path: Path
    wheels: tuple[Held, ...]
    broken: tuple[Broken, ...]
    partial: tuple[str, ...]
    sdists: tuple[str, ...]


def read(path: Path) -> Folder:
    """Reads a folder, without those inside it. Other files than wheels, sdists and their parts are passed over.

    Raises ConfigurationError where there is no such folder or nothing like a wheel in it, OutOfReachError where it
    cannot be read.
    """
    if not path.is_dir():
        beside = [item.name for item in path.parent.iterdir() if item.is_dir()] if path.parent.is_dir() else []
        raise ConfigurationError(f"{path} is no folder.", todo=nearest(path.name, beside))
    try:
        files = sorted(item for item in path.iterdir() if item.is_file())
        partial = tuple(item.name for item in files if _PARTIAL.search(item.name))
        read_wheels = in_parallel(_held, [item for item in files if item.suffix == ".whl"], _READERS)
    except OSError as error:
        raise OutOfReachError(f"{error.filename} cannot be read: {error.strerror}.", todo="mend that first.") from None
    if not read_wheels and not partial:
        raise ConfigurationError(f"{path} holds no wheel.", todo="name the folder that holds the *.whl files.")
    return Folder(
        path=path,
        wheels=tuple(item for item in read_wheels if isinstance(item, Held)),
        broken=tuple(item for item in read_wheels if isinstance(item, Broken)),
        partial=partial,
        sdists=tuple(_sdists(files)),
    )


def _held(path: Path) -> Held | Broken:
    try:
        return Held(path, wheelfile.read(path))
    except BrokenWheelError as error:
        return Broken(path.name, str(error))


def _sdists(files: list[Path]) -> Iterator[str]:
    for item in files:
        try:
            parse_sdist_filename(item.name)
        except InvalidSdistFilename:
            continue
        yield item.name
