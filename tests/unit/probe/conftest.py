"""A writer of ELF files that contain only what the dynamic linker reads."""

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

BASE = 0x1000
X86_64 = 62
ElfWriter = Callable[..., Path]


def tiny_elf(
    needed: Sequence[str] = (), *, soname: str = "", runpath: str = "", glibc: str = "", machine: int = X86_64
) -> bytes:
    """The bytes of a 64-bit shared object.

    It has a header, a PT_LOAD over all, a PT_DYNAMIC, names and version needs.
    """
    names = b"\0"
    offsets = {}
    for name in {*needed, soname, runpath, "libc.so.6", f"GLIBC_{glibc}"}:
        offsets[name] = len(names)
        names += name.encode() + b"\0"
    tags = [(1, offsets[name]) for name in needed]
    tags += [(14, offsets[soname])] if soname else []
    tags += [(29, offsets[runpath])] if runpath else []
    start = 64 + 2 * 56
    size = 16 * (len(tags) + 2 + bool(glibc))
    tags += [(5, BASE + start + size)]
    versions = b""
    if glibc:
        tags += [(0x6FFFFFFE, BASE + start + size + len(names))]
        versions = struct.pack("<HHIII", 1, 1, offsets["libc.so.6"], 16, 0)
        versions += struct.pack("<IHHII", 0, 0, 2, offsets[f"GLIBC_{glibc}"], 0)
    dynamic = b"".join(struct.pack("<qQ", tag, value) for tag, value in [*tags, (0, 0)])
    total = start + size + len(names) + len(versions)
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    head += struct.pack("<IIQQQQQQ", 1, 4, 0, BASE, BASE, total, total, 0x1000)
    head += struct.pack("<IIQQQQQQ", 2, 4, start, BASE + start, BASE + start, size, size, 8)
    return head + dynamic + names + versions


@pytest.fixture
def write_elf(tmp_path: Path) -> ElfWriter:
    """Write a small ELF file below the test's folder, and return its path."""

    def write(name: str, needed: Sequence[str] = (), **details: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tiny_elf(needed, **details))  # type: ignore[arg-type]
        return path

    return write
