"""A bootstrapped root file system's tar without what depends on the host that made it.

mmdebstrap copies the host's /etc/hostname and /etc/resolv.conf with their modes, keeps the sources and settings that
its apt used, and its versions differ in the header fields that they write.
Source: mmdebstrap(1), "SOURCE_DATE_EPOCH"; versions 1.3.5 and 1.5.7 compared on 2026-11-29.
"""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

HOSTNAME = "etc/hostname"
SOURCES = "etc/apt/sources.list"
# Settings of the host's apt: its proxy, which may have a password, and the addresses of its mirrors.
_LEFT_OUT = ("etc/resolv.conf", "etc/apt/sources.list.d/*", "etc/apt/apt.conf.d/*mmdebstrap")
# File capabilities and the like; times and names in a pax header are the host's.
_KEPT_HEADERS = "SCHILY.xattr."


def normalize(source: Path, target: Path, epoch: int, texts: Mapping[str, str]) -> None:
    """Copies a root file system's tar; `texts` replaces files by path, and no time is later than `epoch` (seconds)."""
    with tarfile.open(source, "r:") as old, tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as new:
        for member in old:
            path = member.name.removeprefix("./")
            if path in texts or any(PurePosixPath(path).match(pattern) for pattern in _LEFT_OUT):
                continue
            new.addfile(_plain(member, epoch), old.extractfile(member) if member.isreg() else None)
        for path, text in sorted(texts.items()):
            data = text.encode()
            member = tarfile.TarInfo(path)
            member.size, member.mode, member.mtime = len(data), 0o644, epoch
            new.addfile(member, io.BytesIO(data))


def _plain(member: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    """A member with its numbers alone: who has an id on the host, and parts of seconds, do not matter."""
    member.pax_headers = {key: value for key, value in member.pax_headers.items() if key.startswith(_KEPT_HEADERS)}
    member.uname = member.gname = ""
    member.mtime = min(int(member.mtime), epoch)
    return member
