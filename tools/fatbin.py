"""The GPU code in a library: the fat binaries that nvcc puts into it.

A fat binary begins with a magic number, its version, the sizes of its header and of what follows. That is a sequence
of entries, each with its kind (2 is code for one GPU, 1 is PTX), the sizes of its header and of its code, and the
GPU. NVIDIA documents none of this: cuobjdump 13.5 (`--list-elf`) finds the same GPUs in the same number of kernels in
the libraries of vllm 0.9.1 and 0.33.0, compared on 2026-11-30.
"""

import struct
from collections.abc import Iterator

_MAGIC = struct.pack("<I", 0xBA55ED50)
_HEADER = struct.Struct("<4sHHQ")
_ENTRY = struct.Struct("<HHIQ8xII")  # kind, version, size of the header, size of the code, two words, the GPU
_CODE = 2


def gpus(library: bytes) -> Iterator[frozenset[int]]:
    """The GPUs (86 is 8.6) that each fat binary of a library holds code for."""
    at = library.find(_MAGIC)
    while at >= 0:
        _, version, header, size = _HEADER.unpack_from(library, at)
        if version == 1 and header == _HEADER.size and at + header + size <= len(library):
            yield frozenset(_entries(library, at + header, at + header + size))
            at += header + size
        else:
            at += len(_MAGIC)
        at = library.find(_MAGIC, at)


def _entries(library: bytes, at: int, end: int) -> Iterator[int]:
    while at + _ENTRY.size <= end:
        kind, _, header, size, _, gpu = _ENTRY.unpack_from(library, at)
        if not header:
            return
        if kind == _CODE:
            yield gpu
        at += header + size
