"""What a 64-bit little-endian ELF file requires of the dynamic linker.

Source: System V gABI, chapters 4 and 5; elf(5).
"""

import mmap
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

MAGIC = b"\x7fELF"
_LITTLE_64 = b"\x02\x01"
_LINKED = (2, 3)  # ET_EXEC, ET_DYN
_PT_LOAD, _PT_DYNAMIC = 1, 2
_NEEDED, _STRTAB, _SONAME, _RPATH, _RUNPATH, _VERNEED = 1, 5, 14, 15, 29, 0x6FFFFFFE
_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)")


class ElfError(Exception):
    """The file begins like an ELF file but is not a complete one."""


@dataclass(frozen=True)
class Elf:
    """An ELF file.

    Attributes:
        machine: e_machine.
        soname: its SONAME; empty if it has none.
        needed: the names of the libraries that it needs.
        search: the folders of its RUNPATH, or of its RPATH.
        glibc: the newest version of glibc that it needs, such as (2, 34).
    """

    machine: int
    soname: str
    needed: Tuple[str, ...]
    search: Tuple[str, ...]
    glibc: Tuple[int, int]


def read(path: Path) -> Optional[Elf]:
    """Read a linked 64-bit little-endian ELF file; None if the file is not one.

    Raises ElfError if the file is damaged, OSError if it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(64)
        if head[:4] != MAGIC or head[4:6] != _LITTLE_64:
            return None
        if len(head) < 64:
            raise ElfError("its header is truncated")
        if struct.unpack_from("<H", head, 16)[0] not in _LINKED:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                return _parse(data)
            except (struct.error, IndexError, ValueError) as error:
                raise ElfError(f"not a complete ELF file: {error}") from None


def _parse(data: mmap.mmap) -> Elf:
    machine = struct.unpack_from("<H", data, 18)[0]
    headers = list(_program_headers(data))
    dynamic = _dynamic(data, headers)
    strings = _offset(headers, dynamic[_STRTAB][0]) if _STRTAB in dynamic else 0

    def texts(tag: int) -> Tuple[str, ...]:
        return tuple(_string(data, strings + value) for value in dynamic.get(tag, ()))

    search = texts(_RUNPATH) or texts(_RPATH)
    folders = tuple(folder for entry in search for folder in entry.split(":") if folder)
    needs = _version_needs(data, _offset(headers, dynamic[_VERNEED][0]), strings) if _VERNEED in dynamic else ()
    versions = filter(None, map(_GLIBC.match, needs))
    glibc = max(((int(version[1]), int(version[2])) for version in versions), default=(0, 0))
    return Elf(machine, "".join(texts(_SONAME)[:1]), texts(_NEEDED), folders, glibc)


def _program_headers(data: mmap.mmap) -> Iterator[Tuple[int, int, int, int]]:
    """The type, file offset, virtual address and size in the file of every segment."""
    start, size, count = struct.unpack_from("<Q", data, 32) + struct.unpack_from("<HH", data, 54)
    for position in range(start, start + size * count, size):
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, position)
        yield kind, offset, address, length


def _dynamic(data: mmap.mmap, headers: List[Tuple[int, int, int, int]]) -> Dict[int, List[int]]:
    values = {}  # type: Dict[int, List[int]]
    for kind, offset, _, length in headers:
        if kind == _PT_DYNAMIC:
            for position in range(offset, offset + length, 16):
                tag, value = struct.unpack_from("<qQ", data, position)
                if tag == 0:
                    break
                values.setdefault(tag, []).append(value)
    return values


def _offset(headers: List[Tuple[int, int, int, int]], address: int) -> int:
    for kind, offset, start, length in headers:
        if kind == _PT_LOAD and start <= address < start + length:
            return address - start + offset
    raise ValueError(f"address {address:#x} is in no segment")


def _string(data: mmap.mmap, start: int) -> str:
    end = data.find(b"\0", start)
    if not 0 <= start < end:
        raise ValueError("a name extends beyond the end of the file")
    return data[start:end].decode("utf-8", "replace")


def _version_needs(data: mmap.mmap, position: int, strings: int) -> List[str]:
    """The symbol versions that the file needs.

    They are in Elf64_Verneed and its Elf64_Vernaux entries.
    """
    names = []
    while True:
        _, count, _, first, following = struct.unpack_from("<HHIII", data, position)
        aux = position + first
        for _ in range(count):
            name, step = struct.unpack_from("<II", data, aux + 8)
            names.append(_string(data, strings + name))
            aux += step
        if not following:
            return names
        position += following
