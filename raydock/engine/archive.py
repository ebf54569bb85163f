"""Tar archives for a Dockerfile's ADD: the same content gives the same bytes."""

import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath


def folders_of(files: Iterable[str]) -> list[str]:
    """The folders of these files, each after its parent."""
    return sorted({parent.as_posix() for path in files for parent in PurePosixPath(path).parents} - {"."})


def tar(folders: Sequence[str], files: Mapping[str, bytes], epoch: int, *, executable: str = "") -> bytes:
    """Pack folders and files (content by path) into a tar, owned by root.

    `epoch`: seconds since 1970; `executable`: the path of the one executable file.
    """
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
    """A stream of chunks as a file that can be read once."""

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
