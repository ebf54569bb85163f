import json
from collections.abc import Callable
from pathlib import Path

import pytest

from raydock.probe.answer import CheckError
from raydock.probe.libraries import OPTIONAL, Optional, load_optional, loader_names, survey

Writer = Callable[..., Path]


def test_met_by_the_system_a_sibling_and_the_driver(tmp_path: Path, write_elf: Writer) -> None:
    write_elf("site-packages/a/a.so", ["libc.so.6", "libsibling.so.3", "libcuda.so.1", "libnvidia-ml.so.1"])
    write_elf("site-packages/b.libs/libsibling-0a1b2c3d.so.3", soname="libsibling.so.3")
    assert survey(tmp_path, "cpu", []) == "2 ELF files find 4 needs"


def test_met_by_the_runpath_outside(tmp_path: Path, write_elf: Writer) -> None:
    write_elf("outside/libfar.so.1")
    write_elf("env/lib/a.so", ["libfar.so.1"], runpath="/nowhere:$ORIGIN/../../outside")
    assert survey(tmp_path / "env", "cpu", []) == "1 ELF files find 1 needs"


def test_a_missing_library_names_both(tmp_path: Path, write_elf: Writer) -> None:
    write_elf("a.so", ["libgone.so.7", "libc.so.6"])
    with pytest.raises(CheckError, match=r"a\.so needs libgone\.so\.7, not there$"):
        survey(tmp_path, "cpu", [])


def test_an_optional_plug_in_is_counted_not_blamed(tmp_path: Path, write_elf: Writer) -> None:
    write_elf("site-packages/nvshmem/transport_ucx.so.3", ["libucp.so.0"])
    optional = [Optional("*/nvshmem/transport_*", "libuc*", "only with UCX")]
    assert survey(tmp_path, "cpu", optional).endswith("optional plug-ins that lack theirs: nvshmem 1")
    with pytest.raises(CheckError):
        survey(tmp_path, "cpu", [Optional("*/nvshmem/bootstrap_*", "libuc*", "another file")])


def test_linked_folders_are_followed_once(tmp_path: Path, write_elf: Writer) -> None:
    write_elf("nv/lib/libx.so.1", soname="libx.so.1")
    write_elf("env/a.so", ["libx.so.1"])
    (tmp_path / "env" / "nvidia").symlink_to(tmp_path / "nv")
    (tmp_path / "nv" / "loop").symlink_to(tmp_path / "env")
    assert survey(tmp_path / "env", "cpu", []).startswith("2 ELF files")


def test_another_machines_files_do_not_count(tmp_path: Path, write_elf: Writer) -> None:
    write_elf("a.so")
    write_elf("cubin.so", ["libgone.so"], machine=190)
    assert survey(tmp_path, "cpu", []) == "1 ELF files find 0 needs"


def test_a_younger_glibc_is_refused(tmp_path: Path, write_elf: Writer) -> None:
    write_elf("a.so", ["libc.so.6"], glibc="2.999")
    with pytest.raises(CheckError, match=r"a\.so needs glibc 2\.999; this is 2\."):
        survey(tmp_path, "cpu", [])


@pytest.mark.parametrize(
    ("name", "cuda", "right"),
    [
        ("libcudart.so.13", "13.0", True),
        ("libcudart.so.12", "13.0", False),
        ("libcudart-c3a75b33.so.12.8.90", "12.8", True),
        ("libcudart-c3a75b33.so.12.8.90", "13.0", False),
        ("libcublasLt.so.12", "cpu", False),
        ("libcusparse.so.12", "13.0", True),  # CUDA 13's own
        ("libcupti.so.2025.1.1", "13.0", True),  # a file's full version, not a major
    ],
)
def test_cuda_majors(tmp_path: Path, write_elf: Writer, name: str, cuda: str, right: bool) -> None:
    write_elf(f"nvidia/{name}")
    if right:
        survey(tmp_path, cuda, [])
        return
    with pytest.raises(CheckError, match=f"{name}.* the variant's CUDA is {cuda}"):
        survey(tmp_path, cuda, [])


def test_a_damaged_file_is_a_problem(tmp_path: Path, write_elf: Writer) -> None:
    path = write_elf("a.so", ["libc.so.6"])
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckError, match="not a whole ELF file"):
        survey(tmp_path, "cpu", [])


def test_no_elf_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(CheckError, match="no ELF file"):
        survey(tmp_path, "cpu", [])


def test_the_loader_knows_the_c_library() -> None:
    assert "libc.so.6" in loader_names()


def test_every_optional_need_says_why_and_the_file_when() -> None:
    document = json.loads(OPTIONAL.read_text(encoding="utf-8"))
    assert document["read"]
    assert document["source"]
    assert all(item.file and item.library and len(item.reason) > 20 for item in load_optional(OPTIONAL))
