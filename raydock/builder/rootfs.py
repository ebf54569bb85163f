"""Makes the tar of a bootstrapped root file system independent of the host.

mmdebstrap copies the host's /etc/hostname and /etc/resolv.conf with their modes, and keeps the sources and settings of
its apt. Its apt chooses the order in which packages are unpacked and configured. That order affects the times of
folders and the bytecode that Debian's py3compile writes of itself. apt's own user has its folders if it can reach them.
The hook that merges /usr leaves empty folders for 32-bit libraries in some suites, with some versions, or with
debootstrap. Source: mmdebstrap(1), "SOURCE_DATE_EPOCH"; versions 1.3.5 and 1.5.7 compared file by file on 2026-11-29.
"""

import tarfile
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from raydock.core.archive import add_file

HOSTNAME = "etc/hostname"
SOURCES = "etc/apt/sources.list"
STATUS = "var/lib/dpkg/status"
# Paths with wildcards. apt and py3compile create those that they need again.
LEFT_OUT = (
    "dev/*",  # the engine makes /dev, and a rootless one cannot create its nodes
    "etc/resolv.conf",
    "etc/apt/sources.list.d/*",
    "etc/apt/apt.conf.d/*mmdebstrap",
    *("lib32", "libx32", "usr/lib32", "usr/libx32"),
    "usr/share/python3/debpython/__pycache__*",
    "var/cache/apt/archives/partial*",
    "var/lib/apt/lists/partial*",
)
# Extended attributes such as file capabilities; times and names in a pax header depend on the host.
_KEPT_HEADERS = "SCHILY.xattr."


def normalize(source: Path, target: Path, epoch: int, texts: Mapping[str, str]) -> None:
    """Copies the tar of a root file system without what depends on the host.

    epoch: the time of all folders and the latest time of files, in seconds.
    texts: the text of files that are replaced or added, by path.
    """
    with tarfile.open(source, "r:") as old, tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as new:
        for member in old:
            path = member.name.removeprefix("./").rstrip("/")
            if path in texts or any(fnmatchcase(path, pattern) for pattern in LEFT_OUT):
                continue
            new.addfile(_plain(member, epoch), old.extractfile(member) if member.isreg() else None)
        for path, text in sorted(texts.items()):
            add_file(new, path, text.encode(), epoch=epoch)


def read_text(source: Path, path: str) -> str:
    """The text of one file in the tar of a root file system.

    Raises KeyError if the tar does not have the file.
    """
    with tarfile.open(source, "r:") as archive:
        member = archive.extractfile(f"./{path}")
        assert member
        return member.read().decode()


def _plain(member: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    """The member with numeric ids and whole seconds.

    It does not have the names of the host's users and groups.
    """
    member.pax_headers = {key: value for key, value in member.pax_headers.items() if key.startswith(_KEPT_HEADERS)}
    member.uname = member.gname = ""
    member.mtime = epoch if member.isdir() else min(int(member.mtime), epoch)
    return member
