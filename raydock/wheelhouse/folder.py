"""Read a folder of wheels.

Files that look like wheels but are not are reported too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import InvalidSdistFilename, parse_sdist_filename
from packaging.version import Version

from raydock.core.errors import ConfigurationError, OutOfReachError, similar
from raydock.core.parallel import in_parallel
from raydock.model.facts import ProjectRelease
from raydock.wheelhouse import names, wheelfile
from raydock.wheelhouse.wheelfile import BrokenWheelError

_PARALLEL_READS = 4


@dataclass(frozen=True)
class FolderWheel:
    """A wheel in the folder.

    Attributes:
        path: its path.
        release: the content of its METADATA.
    """

    path: Path
    release: ProjectRelease

    @property
    def filename(self) -> str:
        """The name of the file in the folder."""
        return self.path.name

    @property
    def name(self) -> str:
        """The file name that pip requires, which can differ from the name in the folder."""
        return self.release.wheels[0].filename

    @property
    def project(self) -> str:
        return self.release.project

    @property
    def version(self) -> Version:
        return Version(self.release.version)

    def __str__(self) -> str:
        return str(self.release)


@dataclass(frozen=True, kw_only=True)
class Folder:
    """The files of a folder.

    Attributes:
        path: the path of the folder.
        wheels: complete wheels, including those with a name that pip ignores.
        copies: misnamed wheels whose correct name a different wheel of the folder has.
        broken: why a file cannot be installed, as text that follows its name, by its name.
        partial: the names of incomplete downloads.
        sdists: the file names of source distributions, which must be built.
    """

    path: Path
    wheels: tuple[FolderWheel, ...]
    copies: tuple[FolderWheel, ...] = ()
    broken: dict[str, str]
    partial: tuple[str, ...]
    sdists: tuple[str, ...]

    @property
    def misnamed(self) -> tuple[FolderWheel, ...]:
        """The wheels that must be renamed."""
        return tuple(wheel for wheel in self.wheels if wheel.filename != wheel.name)


def read(path: Path) -> Folder:
    """Read a folder, without its subfolders.

    Files that are not a wheel, an sdist or a part of one are ignored, such as the files that mirrors store next to a
    wheel: metadata, signatures, hashes, provenance.

    Raises ConfigurationError if the folder does not exist or has no wheels, OutOfReachError if it cannot be read.
    """
    if not path.is_dir():
        siblings = [folder.name for folder in path.parent.iterdir() if folder.is_dir()] if path.parent.is_dir() else []
        hint = similar(path.name, siblings) or "name a folder with wheels."
        raise ConfigurationError(f"{path} is not a folder.", todo=hint)
    try:
        files = sorted(path.iterdir())
        partial = [file.name for file in files if names.is_partial(file.name)]
        candidates = [file for file in files if file.name not in partial and names.is_wheel(file)]
        outcomes = dict(zip(candidates, in_parallel(_read, candidates, _PARALLEL_READS), strict=True))
    except OSError as error:
        raise OutOfReachError(
            f"{error.filename} cannot be read: {error.strerror}.", todo="fix the permissions or the disk."
        ) from None
    partial += [file.name for file, outcome in outcomes.items() if outcome is None]
    if not outcomes and not partial:
        raise ConfigurationError(f"{path} has no wheels.", todo="name the folder with the *.whl files.")
    wheels, copies = _split_copies(wheel for wheel in outcomes.values() if isinstance(wheel, FolderWheel))
    return Folder(
        path=path,
        wheels=wheels,
        copies=copies,
        broken={file.name: str(error) for file, error in outcomes.items() if isinstance(error, BrokenWheelError)},
        partial=tuple(sorted(partial)),
        sdists=tuple(_sdists(file for file in files if file.is_file() and file not in candidates)),
    )


def _read(path: Path) -> FolderWheel | BrokenWheelError | None:
    """A wheel, why it is broken, or None for an incomplete download."""
    name = path.name if names.is_proper(path.name) else names.right_name(path)
    if not name and not path.name.endswith(".whl"):
        return None
    try:
        return FolderWheel(path, wheelfile.read(path, name))
    except BrokenWheelError as error:
        return error


def _split_copies(wheels: Iterable[FolderWheel]) -> tuple[tuple[FolderWheel, ...], tuple[FolderWheel, ...]]:
    """Split into one wheel for each correct name, and its copies.

    A wheel that has its correct name is preferred.
    """
    kept: dict[str, FolderWheel] = {}
    copies: list[FolderWheel] = []
    for wheel in sorted(wheels, key=lambda wheel: (wheel.filename != wheel.name, wheel.filename)):
        if wheel.name in kept:
            copies.append(wheel)
        else:
            kept[wheel.name] = wheel
    return tuple(sorted(kept.values(), key=lambda wheel: wheel.filename)), tuple(copies)


def _sdists(files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        try:
            parse_sdist_filename(file.name)
        except InvalidSdistFilename:
            continue
        yield file.name
