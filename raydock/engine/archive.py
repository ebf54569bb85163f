"""Tars for a Dockerfile's ADD: the same content gives the same bytes."""

import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath


def folders_of(files: Iterable[str]) -> list[str]:
    """The folders in which these files lie, each after the one that holds it."""
    return sorted({parent.as_posix() for path in files for parent in PurePosixPath(path).parents} - {"."})


def tar(folders: Sequence[str], files: Mapping[str, bytes], epoch: int, *, executable: str = "") -> bytes:
    """A tar of root's folders and files by path, all with the time `epoch` in seconds; one may be executable."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in folders:
            folder = tarfile.TarInfo(path)
            folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o755, epoch
            archive.addfile(folder)
        for path, data in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size, member.mode, member.mtime = len(data), 0o755 if path == executable else 0o644, epoch
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


class ChunkReader(io.RawIOBase):
    """Chunks as a file to be read once."""

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
