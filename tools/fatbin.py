"""Reader of the GPU code in a library: the fat binaries that nvcc writes into it.

A fat binary begins with a magic number, its version, and the sizes of its header and its body. The body is a sequence
of entries. Each entry has a kind (2 is code for one GPU, 1 is PTX), the sizes of its header and its code, and the GPU.
NVIDIA does not document this format. Compared on 2026-11-30 with cuobjdump 13.5 (`--list-elf`), which finds the same
GPUs in the same number of kernels in the libraries of vllm 0.9.1 and 0.33.0.
"""

import struct
from collections.abc import Iterator

_MAGIC = struct.pack("<I", 0xBA55ED50)
_HEADER = struct.Struct("<4sHHQ")
_ENTRY = struct.Struct("<HHIQ8xII")  # kind, version, size of the header, size of the code, two words, the GPU
_CODE = 2


def gpus(library: bytes) -> Iterator[frozenset[int]]:
    """Yield, for each fat binary of a library, the GPUs (86 is 8.6) that it has code for."""
    offset = library.find(_MAGIC)
    while offset >= 0:
        _, version, header, size = _HEADER.unpack_from(library, offset)
        if version == 1 and header == _HEADER.size and offset + header + size <= len(library):
            yield frozenset(_entries(library, offset + header, offset + header + size))
            offset += header + size
        else:
            offset += len(_MAGIC)
        offset = library.find(_MAGIC, offset)


def _entries(library: bytes, offset: int, end: int) -> Iterator[int]:
    while offset + _ENTRY.size <= end:
        kind, _, header, size, _, gpu = _ENTRY.unpack_from(library, offset)
        if not header:
            return
        if kind == _CODE:
            yield gpu
        offset += header + size
