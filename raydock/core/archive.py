"""Reproducible tars and wheels, and tars that are read from streams.

The same content gives the same bytes.
"""

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

READABLE, PROGRAM, WRITABLE = 0o644, 0o755, 0o666


def folders_of(files: Iterable[str]) -> list[str]:
    """The parent folders of these files, each after its own parent."""
    return sorted({parent.as_posix() for path in files for parent in PurePosixPath(path).parents} - {"."})


def tar(
    files: Mapping[str, bytes],
    *,
    folders: Sequence[str] = (),
    epoch: int = 0,
    modes: Mapping[str, int] | None = None,
) -> bytes:
    """A tar of folders and files by path, all owned by root.

    epoch: the modification time of all members, in seconds.
    modes: permissions by path; a file without an entry gets READABLE.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in folders:
            folder = tarfile.TarInfo(path)
            folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o755, epoch
            archive.addfile(folder)
        for path, data in sorted(files.items()):
            add_file(archive, path, data, epoch=epoch, mode=(modes or {}).get(path, READABLE))
    return buffer.getvalue()


def add_file(archive: tarfile.TarFile, path: str, data: bytes, *, epoch: int, mode: int = READABLE) -> None:
    """Adds a file owned by root to an open tar.

    `epoch` is its modification time in seconds.
    """
    member = tarfile.TarInfo(path)
    member.size, member.mode, member.mtime = len(data), mode, epoch
    archive.addfile(member, io.BytesIO(data))


def wheel(name: str, version: str, metadata: bytes, files: Mapping[str, bytes]) -> bytes:
    """A pure Python wheel that installs files into site-packages (PEP 427).

    name: the project name in the form that file names use.
    """
    info = f"{name}-{version}.dist-info"
    members = {
        **files,
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: raydock\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{path},sha256={_record_digest(data)},{len(data)}\n" for path, data in members.items()]
    members[f"{info}/RECORD"] = "".join((*lines, f"{info}/RECORD,,\n")).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in members.items():
            archive.writestr(zipfile.ZipInfo(path), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _record_digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def first_file(archive: bytes, limit: int) -> str:
    """The text of a tar's first member, at most `limit` bytes.

    Empty if it is not a file or the tar is truncated.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:", ignore_zeros=True) as members:
            first = members.next()
            file = members.extractfile(first) if first and first.isreg() else None
            return file.read(limit).decode("utf-8", "replace") if file else ""
    except tarfile.TarError:
        return ""


class ChunkReader(io.RawIOBase):
    """A readable stream over chunks of bytes."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest and (chunk := next(self._chunks, None)) is not None:
            self._rest = chunk
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count
