"""The tars and wheels that raydock writes, and the tars that it reads from an engine."""

import io
import tarfile
import zipfile
from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest

from raydock.core.archive import PROGRAM, WRITABLE, ChunkReader, add_file, first_file, folders_of, tar, wheel

EPOCH = 1761955200
FILES = {
    "opt/raydock/b": b"b\n",
    "opt/raydock/a": b"a" * 600,
    "usr/bin/run": b"#!/bin/sh\n",
    f"opt/{'x' * 120}": b"a long name",
}
# Each image has a layer with such bytes, so a change here changes every image.
SHA256 = "22b160f35d97985c06bf04acd0e01346e6d91cb2f0ac472be5e491a38d9c45e6"


def members(archive: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return opened.getmembers()


def test_the_bytes_that_become_a_layer_do_not_change() -> None:
    made = tar(FILES, folders=folders_of(FILES), epoch=EPOCH, modes={"usr/bin/run": PROGRAM})
    assert sha256(made).hexdigest() == SHA256
    assert made == tar(
        dict(reversed(FILES.items())), folders=folders_of(FILES), epoch=EPOCH, modes={"usr/bin/run": PROGRAM}
    )


def test_root_owns_each_file_and_modes_are_kept() -> None:
    found = members(tar({"a": b"", "b": b"1", "c": b"22"}, folders=["d"], modes={"b": PROGRAM, "c": WRITABLE}))
    assert [(member.name, member.mode, member.size) for member in found] == [
        ("d", 0o755, 0),
        ("a", 0o644, 0),
        ("b", 0o755, 1),
        ("c", 0o666, 2),
    ]
    assert {(member.uid, member.gid, member.mtime) for member in found} == {(0, 0, 0)}


def test_a_folder_comes_after_its_parent() -> None:
    assert folders_of(["opt/raydock/a", "usr/bin/run", "top"]) == ["opt", "opt/raydock", "usr", "usr/bin"]


def test_a_file_is_added_to_a_tar_of_any_format() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        add_file(archive, "etc/hostname", b"host\n", epoch=EPOCH)
    (member,) = members(buffer.getvalue())
    assert (member.name, member.mode, member.mtime, member.size) == ("etc/hostname", 0o644, EPOCH, 5)


def test_a_wheel_matches_its_record() -> None:
    files = {"some/__init__.py": b"x = 1\n", "some/data.bin": bytes(1000)}
    made = wheel("some", "1.0", b"Metadata-Version: 2.1\nName: some\nVersion: 1.0\n", files)
    assert made == wheel("some", "1.0", b"Metadata-Version: 2.1\nName: some\nVersion: 1.0\n", files)
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        assert opened.read("some-1.0.dist-info/METADATA").endswith(b"Version: 1.0\n")
        rows = [line.split(",") for line in opened.read("some-1.0.dist-info/RECORD").decode().splitlines()]
        assert [path for path, *_ in rows] == opened.namelist()
        assert rows.pop() == ["some-1.0.dist-info/RECORD", "", ""]
        for path, digest, size in rows:
            data = opened.read(path)
            assert digest == f"sha256={urlsafe_b64encode(sha256(data).digest()).rstrip(b'=').decode()}"
            assert int(size) == len(data)


def test_the_text_of_the_first_file_is_limited() -> None:
    assert first_file(tar({"answer": "Grüße".encode()}), 100) == "Grüße"
    assert first_file(tar({"answer": b"0123456789"}), 4) == "0123"


@pytest.mark.parametrize("archive", [b"", b"no tar" * 200, tar({}, folders=["answer"]), tar({"a": b"1" * 2000})[:1000]])
def test_an_incomplete_archive_has_no_text(archive: bytes) -> None:
    assert first_file(archive, 100_000) == ""


def test_chunks_are_read_as_one_file() -> None:
    reader = io.BufferedReader(ChunkReader([b"ab", b"", b"cde", b"f"]))
    assert (reader.read(3), reader.read(10), reader.read(1)) == (b"abc", b"def", b"")
