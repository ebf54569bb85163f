"""A bootstrapped root file system's tar without what depends on the host that made it.

mmdebstrap copies the host's /etc/hostname and /etc/resolv.conf with their modes, and keeps the sources and settings of
its apt. Packages are unpacked and configured in an order that its apt chooses: it decides the times of folders and
the bytecode that Debian's py3compile writes of itself. apt's own user has its folders, unless it cannot reach them. The
hook that merges /usr leaves empty folders for 32-bit libraries in some suites, with some versions, or with debootstrap.
Source: mmdebstrap(1), "SOURCE_DATE_EPOCH"; versions 1.3.5 and 1.5.7 compared file by file on 2026-11-29.
"""

import tarfile
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from raydock.core.archive import add_file

HOSTNAME = "etc/hostname"
SOURCES = "etc/apt/sources.list"
STATUS = "var/lib/dpkg/status"
# By path, with wildcards. What apt and py3compile need of these, they make again.
LEFT_OUT = (
    "etc/resolv.conf",
    "etc/apt/sources.list.d/*",
    "etc/apt/apt.conf.d/*mmdebstrap",
    *("lib32", "libx32", "usr/lib32", "usr/libx32"),
    "usr/share/python3/debpython/__pycache__*",
    "var/cache/apt/archives/partial*",
    "var/lib/apt/lists/partial*",
)
# File capabilities and the like; times and names in a pax header are the host's.
_KEPT_HEADERS = "SCHILY.xattr."


def normalize(source: Path, target: Path, epoch: int, texts: Mapping[str, str]) -> None:
    """Copies a root file system's tar; `texts` replaces files by path. No file's time is later than `epoch` (seconds),
    which all folders have."""
    with tarfile.open(source, "r:") as old, tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as new:
        for member in old:
            path = member.name.removeprefix("./").rstrip("/")
            if path in texts or any(fnmatchcase(path, pattern) for pattern in LEFT_OUT):
                continue
            new.addfile(_plain(member, epoch), old.extractfile(member) if member.isreg() else None)
        for path, text in sorted(texts.items()):
            add_file(new, path, text.encode(), epoch=epoch)


def read_text(source: Path, path: str) -> str:
    """The text of one file of a root file system's tar. Raises KeyError if it has none."""
    with tarfile.open(source, "r:") as archive:
        member = archive.extractfile(f"./{path}")
        assert member
        return member.read().decode()


def _plain(member: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    """A member with its numbers alone: who has an id on the host, and parts of seconds, do not matter."""
    member.pax_headers = {key: value for key, value in member.pax_headers.items() if key.startswith(_KEPT_HEADERS)}
    member.uname = member.gname = ""
    member.mtime = epoch if member.isdir() else min(int(member.mtime), epoch)
    return member
