"""A tar of `docker save` without some of its layers."""

import io
import tarfile
from collections.abc import Iterator

from raydock.hosts.layers import without

NAMES = ["blobs/sha256/aa", "blobs/sha256/bb", "manifest.json", "long/" + "n" * 200]


def saved() -> bytes:
    """A tar as an engine makes it, with a folder, an empty file and a long name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        folder = tarfile.TarInfo("blobs/sha256")
        folder.type, folder.mtime = tarfile.DIRTYPE, 1700000000.25
        tar.addfile(folder)
        for number, name in enumerate(NAMES):
            member = tarfile.TarInfo(name)
            member.size = 700 * number
            tar.addfile(member, io.BytesIO(bytes([number]) * member.size))
    return buffer.getvalue()


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def members(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {item.name: file.read() if (file := tar.extractfile(item)) else b"" for item in tar}


def test_only_what_is_left_out_is_gone() -> None:
    whole = saved()
    for size in (1, 511, 10**6):
        lean = b"".join(without(chunks(whole, size), ["blobs/sha256/bb"]))
        expected = {name: text for name, text in members(whole).items() if name != "blobs/sha256/bb"}
        assert members(lean) == expected
        assert len(lean) % 512 == 0


def test_nothing_is_left_out_unless_asked_for() -> None:
    assert members(b"".join(without([saved()], []))) == members(saved())
