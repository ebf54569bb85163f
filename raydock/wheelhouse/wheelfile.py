"""Read and check a wheel file (PEP 427, and the RECORD of PEP 376 and 627)."""

import csv
import zlib
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from installer.records import InvalidRecordEntry, RecordEntry, parse_record_file
from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import InvalidRequirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from raydock.model.facts import ProjectRelease, Wheel
from raydock.model.requirement import requirement

# Members up to this size in bytes are hashed; of larger ones only the size is compared.
_HASHED = 16 * 2**20
_DAMAGED = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
_UNREADABLE = (*_DAMAGED, csv.Error, InvalidRecordEntry)
# PEP 427 allows sha256 or better.
_ALGORITHMS = ("sha256", "sha384", "sha512")


class BrokenWheelError(Exception):
    """A file cannot be installed as a wheel. The message follows the file's name."""


def read(path: Path, name: str = "") -> ProjectRelease:
    """Read the METADATA of a wheel.

    `name` is its correct name, if that differs from the file's name.

    Raises BrokenWheelError, and OSError if the disk cannot be read.

    The archive is checked against its RECORD: every member's size, and the hash of all but the largest.
    """
    name = name or path.name
    try:
        project, version, _, _ = parse_wheel_filename(name)
    except InvalidWheelFilename:
        raise BrokenWheelError("does not have the name of a wheel (PEP 427), so pip ignores it") from None
    if not path.stat().st_size:
        raise BrokenWheelError("is empty")
    with path.open("rb") as file:
        metadata = _checked(file)
    _check_name(metadata, project, version)
    return ProjectRelease(
        project=project,
        version=str(version),
        requires_python=metadata.get("requires_python", ""),
        requires_dist=_requirements(metadata),
        wheels=(Wheel(filename=name, size=path.stat().st_size, sha256=""),),
        uploaded="",
        source=path.name,
        read="",
    )


def _checked(file: BinaryIO) -> RawMetadata:
    try:
        with ZipFile(file) as archive:
            info = _info(archive)
            metadata = parse_email(archive.read(f"{info}/METADATA"))[0]
            _compare(archive, f"{info}/RECORD")
            return metadata
    except _UNREADABLE as error:
        raise BrokenWheelError(f"is truncated or damaged ({error})") from None


def _info(archive: ZipFile) -> str:
    folders = [
        folder
        for folder, _, file in (name.rpartition("/") for name in archive.namelist())
        if file == "METADATA" and folder.endswith(".dist-info") and "/" not in folder
    ]
    if len(folders) != 1:
        raise BrokenWheelError(f"has {len(folders)} METADATA files, not one")
    return folders[0]


def _check_name(metadata: RawMetadata, project: str, version: Version) -> None:
    name, written = metadata.get("name", ""), metadata.get("version", "")
    try:
        same = canonicalize_name(name) == project and Version(written) == version
    except InvalidVersion:
        same = False
    if not same:
        raise BrokenWheelError(f"contains {name} {written}".rstrip() + ", which does not match its name")


def _requirements(metadata: RawMetadata) -> tuple[str, ...]:
    lines = tuple(metadata.get("requires_dist", ()))
    for line in lines:
        try:
            requirement(line)
        except InvalidRequirement:
            raise BrokenWheelError(f"requires {line!r}, which is not a requirement (PEP 508)") from None
    return lines


def _compare(archive: ZipFile, record: str) -> None:
    """Raises BrokenWheelError for a member that is not as RECORD says."""
    sizes = {item.filename: item.file_size for item in archive.infolist()}
    if record not in sizes:
        raise BrokenWheelError("holds no RECORD")
    for row in parse_record_file(filter(None, archive.read(record).decode().splitlines())):
        entry = RecordEntry.from_elements(*row)
        if entry.hash_ and not _as_recorded(archive, sizes.get(entry.path), entry):
            raise BrokenWheelError(f"holds {entry.path}, which is not as its RECORD says")


def _as_recorded(archive: ZipFile, held: int | None, entry: RecordEntry) -> bool:
    """Whether a member of `held` bytes, None if there is none, is as RECORD says."""
    if held is None or entry.size not in {None, held}:
        return False
    recorded = entry.hash_
    if not recorded or held > _HASHED or recorded.name not in _ALGORITHMS:
        return True
    return recorded.validate(archive.read(entry.path))
