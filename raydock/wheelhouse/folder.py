"""A folder of wheels, read: its wheels, and the files that are meant to be wheels and are none."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import InvalidSdistFilename, parse_sdist_filename
from packaging.version import Version

from raydock.core.errors import ConfigurationError, OutOfReachError, nearest
from raydock.core.parallel import in_parallel
from raydock.model.facts import ProjectRelease
from raydock.wheelhouse import names, wheelfile
from raydock.wheelhouse.names import FileKind
from raydock.wheelhouse.wheelfile import BrokenWheelError

_READERS = 4


@dataclass(frozen=True)
class Held:
    """A wheel of the folder, and what its METADATA says."""

    path: Path
    release: ProjectRelease

    @property
    def filename(self) -> str:
        """The name of the file in the folder."""
        return self.path.name

    @property
    def name(self) -> str:
        """The file name that pip needs, which the folder's may differ from."""
        return self.release.wheels[0].filename

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
    """What a folder holds.

    Attributes:
        wheels: whole wheels, also those under a name that pip passes over.
        copies: misnamed wheels whose proper name another wheel of the folder has.
        broken: files that cannot be installed.
        partial: downloads that never ended, by file name.
        sdists: source distributions, which must be built, by file name.
    """

    path: Path
    wheels: tuple[Held, ...]
    copies: tuple[Held, ...] = ()
    broken: tuple[Broken, ...]
    partial: tuple[str, ...]
    sdists: tuple[str, ...]

    @property
    def misnamed(self) -> tuple[Held, ...]:
        """The wheels that must be renamed."""
        return tuple(wheel for wheel in self.wheels if wheel.filename != wheel.name)


def read(path: Path) -> Folder:
    """Reads a folder, without those inside it. Files that are no wheel, sdist or part of one are passed over, among
    them what mirrors keep next to a wheel: metadata, signatures, hashes, provenance.

    Raises ConfigurationError where there is no such folder or nothing like a wheel in it, OutOfReachError where it
    cannot be read.
    """
    if not path.is_dir():
        siblings = [item.name for item in path.parent.iterdir() if item.is_dir()] if path.parent.is_dir() else []
        raise ConfigurationError(f"{path} is not a folder.", todo=nearest(path.name, siblings))
    try:
        files = sorted(path.iterdir())
        kinds = {item: names.kind(item) for item in files}
        whole = [item for item in files if kinds[item] in {FileKind.WHEEL, FileKind.MISNAMED}]
        read_wheels = in_parallel(_read, whole, _READERS)
    except OSError as error:
        raise OutOfReachError(f"{error.filename} cannot be read: {error.strerror}.", todo="fix that first.") from None
    partial = [item.name for item in files if kinds[item] is FileKind.PARTIAL]
    partial += [item for item in read_wheels if isinstance(item, str)]
    if not read_wheels and not partial:
        raise ConfigurationError(f"{path} holds no wheel.", todo="name the folder that holds the *.whl files.")
    wheels, copies = _single(item for item in read_wheels if isinstance(item, Held))
    return Folder(
        path=path,
        wheels=wheels,
        copies=copies,
        broken=tuple(item for item in read_wheels if isinstance(item, Broken)),
        partial=tuple(sorted(partial)),
        sdists=tuple(_sdists(item for item in files if item.is_file() and item not in whole)),
    )


def _read(path: Path) -> Held | Broken | str:
    """A wheel, why it is broken, or the name of a file that is the beginning of a wheel at most."""
    name = path.name if names.is_proper(path.name) else names.right_name(path)
    if not name and not path.name.endswith(".whl"):
        return path.name
    try:
        return Held(path, wheelfile.read(path, name or path.name))
    except BrokenWheelError as error:
        return Broken(path.name, str(error))


def _single(wheels: Iterable[Held]) -> tuple[tuple[Held, ...], tuple[Held, ...]]:
    """One wheel for each proper name, that of the same name if there is one; and the copies of them."""
    kept: dict[str, Held] = {}
    copies: list[Held] = []
    for wheel in sorted(wheels, key=lambda wheel: (wheel.filename != wheel.name, wheel.filename)):
        if wheel.name in kept:
            copies.append(wheel)
        else:
            kept[wheel.name] = wheel
    return tuple(sorted(kept.values(), key=lambda wheel: wheel.filename)), tuple(copies)


def _sdists(files: Iterable[Path]) -> Iterator[str]:
    for item in files:
        try:
            parse_sdist_filename(item.name)
        except InvalidSdistFilename:
            continue
        yield item.name
