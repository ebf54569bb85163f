"""Tars of the same root file system from two hosts."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from raydock.builder.rootfs import HOSTNAME, SOURCES, normalize

EPOCH = 1_700_000_000
TEXTS = {HOSTNAME: "localhost\n", SOURCES: "deb http://m.example/debian bookworm main\n"}


def written(path: Path, members: dict[str, bytes | None], **fields: Any) -> Path:
    """A tar in the format of mmdebstrap's; members without content are folders, `fields` are set on each member."""
    with tarfile.open(path, "w", format=fields.pop("format", tarfile.PAX_FORMAT)) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            member.size, member.mtime = len(data or b""), EPOCH - 5
            for field, value in fields.items():
                setattr(member, field, value)
            archive.addfile(member, io.BytesIO(data) if data is not None else None)
    return path


BARE: dict[str, bytes | None] = {"./": None, "./etc/": None, "./etc/hostname": b"one", "./etc/passwd": b"root"}


def result(folder: Path, source: Path) -> bytes:
    normalize(source, folder / "out.tar", EPOCH, TEXTS)
    return (folder / "out.tar").read_bytes()


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"./etc/hostname": b"different"}, {}),
        ({"./etc/resolv.conf": b"nameserver 10.0.0.1"}, {}),
        ({"./etc/apt/sources.list": b"deb http://user:secret@m.example/debian bookworm main"}, {}),
        ({"./etc/apt/sources.list.d/0000raydock.sources": b"URIs: http://m.example"}, {}),
        ({"./etc/apt/apt.conf.d/99mmdebstrap": b'Acquire::http::Proxy "http://u:secret@proxy"'}, {}),
        ({"./usr/share/python3/debpython/__pycache__/files.cpython-311.pyc": b"x"}, {}),
        ({"./var/lib/apt/lists/partial/": None}, {}),
        ({"./usr/lib32/": None, "./lib32": b""}, {}),
        ({}, {"uname": "root", "gname": "wheel"}),
        ({}, {"mtime": EPOCH - 5 + 0.25}),
        ({}, {"pax_headers": {"atime": "17.5", "LIBARCHIVE.creationtime": "3"}}),
        ({}, {"format": tarfile.GNU_FORMAT}),
    ],
)
def test_differences_between_hosts_are_removed(
    tmp_path: Path, changes: dict[str, bytes | None], fields: dict[str, Any]
) -> None:
    one = result(tmp_path, written(tmp_path / "one.tar", BARE))
    other = result(tmp_path, written(tmp_path / "other.tar", {**BARE, **changes}, **fields))
    assert one == other
    assert b"secret" not in other


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"./etc/passwd": b"toor"}, {}),
        ({"./etc/shadow": b""}, {}),
        ({}, {"mode": 0o600}),
        ({}, {"uid": 7}),
        ({}, {"mtime": EPOCH - 6}),
        ({}, {"pax_headers": {"SCHILY.xattr.security.capability": "x"}}),
    ],
)
def test_other_differences_are_kept(tmp_path: Path, changes: dict[str, bytes | None], fields: dict[str, Any]) -> None:
    one = result(tmp_path, written(tmp_path / "one.tar", BARE))
    assert one != result(tmp_path, written(tmp_path / "other.tar", {**BARE, **changes}, **fields))


@pytest.mark.parametrize("path", ["./srv/etc/resolv.conf", "./usr/lib/python3.11/__pycache__/os.cpython-311.pyc"])
def test_files_with_the_same_names_in_other_folders_stay(tmp_path: Path, path: str) -> None:
    result(tmp_path, written(tmp_path / "one.tar", {path: b"x"}))
    with tarfile.open(tmp_path / "out.tar") as archive:
        assert path in archive.getnames()


def test_folders_have_the_epoch(tmp_path: Path) -> None:
    result(tmp_path, written(tmp_path / "one.tar", BARE))
    with tarfile.open(tmp_path / "out.tar") as archive:
        assert {member.mtime for member in archive if member.isdir()} == {EPOCH}


def test_no_time_is_later_than_the_epoch(tmp_path: Path) -> None:
    result(tmp_path, written(tmp_path / "one.tar", BARE, mtime=EPOCH + 60))
    with tarfile.open(tmp_path / "out.tar") as archive:
        assert {member.mtime for member in archive} == {EPOCH}


def test_links_and_devices_stay(tmp_path: Path) -> None:
    source = tmp_path / "one.tar"
    with tarfile.open(source, "w") as archive:
        for name, kind, link in (
            ("a", tarfile.SYMTYPE, "b"),
            ("c", tarfile.LNKTYPE, "./a"),
            ("d", tarfile.CHRTYPE, ""),
        ):
            member = tarfile.TarInfo(f"./{name}")
            member.type, member.linkname, member.devmajor, member.devminor = kind, link, 1, 3
            archive.addfile(member)
    result(tmp_path, source)
    with tarfile.open(tmp_path / "out.tar") as archive:
        members = [(member.type, member.linkname, member.devminor) for member in archive][:3]
    assert [(kind, link) for kind, link, _ in members] == [
        (tarfile.SYMTYPE, "b"),
        (tarfile.LNKTYPE, "./a"),
        (tarfile.CHRTYPE, ""),
    ]
    assert members[2][2] == 3
