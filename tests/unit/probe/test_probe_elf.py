import os
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from raydock.probe import elf

LOADED = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if ".so" in line}
LIBC = next(Path(name) for name in LOADED if Path(name).name.startswith("libc.so"))
EXTENSIONS = sorted(Path(sysconfig.get_config_var("DESTSHARED") or "/nowhere").glob("*.so"))


def test_the_c_library_of_this_machine_is_read() -> None:
    found = elf.read(LIBC)
    assert found
    assert found.soname == "libc.so.6"
    assert any(name.startswith("ld-linux") for name in found.needed)


def test_the_interpreter_needs_the_c_library() -> None:
    found = elf.read(Path("/proc/self/exe"))
    assert found
    assert "libc.so.6" in found.needed
    here = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()[1]
    assert (2, 2) <= found.glibc <= tuple(int(part) for part in here.split("."))


@pytest.mark.skipif(not EXTENSIONS, reason="this Python has its extension modules built in")
def test_every_extension_module_of_this_python_is_read() -> None:
    assert all(elf.read(path) for path in EXTENSIONS)


def test_all_fields_that_the_linker_reads_are_read(write_elf: Callable[..., Path]) -> None:
    path = write_elf(
        "libx.so", ["liba.so.1", "libb.so"], soname="libx.so.2", runpath="$ORIGIN/../lib:/opt/b", glibc="2.34"
    )
    assert elf.read(path) == elf.Elf(
        machine=62,
        soname="libx.so.2",
        needed=("liba.so.1", "libb.so"),
        search=("$ORIGIN/../lib", "/opt/b"),
        glibc=(2, 34),
    )


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x01\x01" + bytes(60)])
def test_a_file_that_is_not_elf_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    assert elf.read(tmp_path / "file") is None


def test_a_truncated_file_is_an_elf_error(tmp_path: Path, write_elf: Callable[..., Path]) -> None:
    whole = write_elf("libx.so", ["liba.so.1"], soname="libx.so.2", glibc="2.34").read_bytes()
    path = tmp_path / "cut"
    refused = 0
    for length in range(6, len(whole), 7):
        path.write_bytes(whole[:length])
        try:
            elf.read(path)
        except elf.ElfError:
            refused += 1
    assert refused > 20
