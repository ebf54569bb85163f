import json
from collections.abc import Callable
from pathlib import Path

import pytest

from raydock.probe.answer import CheckError
from raydock.probe.libraries import OPTIONAL, OptionalNeed, load_optional, loader_names, survey

Writer = Callable[..., Path]


def test_libraries_of_the_system_of_a_package_and_of_the_driver_are_found(tmp_path: Path, write_elf: Writer) -> None:
    write_elf("site-packages/a/a.so", ["libc.so.6", "libsibling.so.3", "libcuda.so.1", "libnvidia-ml.so.1"])
    write_elf("site-packages/b.libs/libsibling-0a1b2c3d.so.3", soname="libsibling.so.3")
    assert survey(tmp_path, "cpu", []) == "2 ELF files find 4 libraries"


def test_libraries_on_the_runpath_are_found(tmp_path: Path, write_elf: Writer) -> None:
    write_elf("outside/libfar.so.1")
    write_elf("env/lib/a.so", ["libfar.so.1"], runpath="/nowhere:$ORIGIN/../../outside")
    assert survey(tmp_path / "env", "cpu", []) == "1 ELF files find 1 libraries"


def test_a_missing_library_and_its_file_are_named(tmp_path: Path, write_elf: Writer) -> None:
    write_elf("a.so", ["libgone.so.7", "libc.so.6"])
    with pytest.raises(CheckError, match=r"a\.so needs libgone\.so\.7, not found$"):
        survey(tmp_path, "cpu", [])


def test_an_optional_plug_in_is_counted_and_does_not_fail(tmp_path: Path, write_elf: Writer) -> None:
    write_elf("site-packages/nvshmem/transport_ucx.so.3", ["libucp.so.0"])
    optional = [OptionalNeed("*/nvshmem/transport_*", "libuc*", "only with UCX")]
    assert survey(tmp_path, "cpu", optional).endswith("optional plug-ins without their libraries: nvshmem 1")
    with pytest.raises(CheckError):
        survey(tmp_path, "cpu", [OptionalNeed("*/nvshmem/bootstrap_*", "libuc*", "a different file")])


def test_linked_folders_are_followed_once(tmp_path: Path, write_elf: Writer) -> None:
    write_elf("nv/lib/libx.so.1", soname="libx.so.1")
    write_elf("env/a.so", ["libx.so.1"])
    (tmp_path / "env" / "nvidia").symlink_to(tmp_path / "nv")
    (tmp_path / "nv" / "loop").symlink_to(tmp_path / "env")
    assert survey(tmp_path / "env", "cpu", []).startswith("2 ELF files")


def test_files_for_a_different_machine_do_not_count(tmp_path: Path, write_elf: Writer) -> None:
    write_elf("a.so")
    write_elf("cubin.so", ["libgone.so"], machine=190)
    assert survey(tmp_path, "cpu", []) == "1 ELF files find 0 libraries"


def test_a_newer_glibc_is_refused(tmp_path: Path, write_elf: Writer) -> None:
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
def test_the_cuda_major_must_be_the_variants(
    tmp_path: Path, write_elf: Writer, name: str, cuda: str, right: bool
) -> None:
    write_elf(f"nvidia/{name}")
    if right:
        survey(tmp_path, cuda, [])
        return
    with pytest.raises(CheckError, match=f"{name}.* the variant's CUDA is {cuda}"):
        survey(tmp_path, cuda, [])


def test_a_damaged_file_is_a_problem(tmp_path: Path, write_elf: Writer) -> None:
    path = write_elf("a.so", ["libc.so.6"])
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckError, match="not a complete ELF file"):
        survey(tmp_path, "cpu", [])


def test_no_elf_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(CheckError, match="no ELF file"):
        survey(tmp_path, "cpu", [])


def test_the_loader_knows_the_c_library() -> None:
    assert "libc.so.6" in loader_names()


def test_every_optional_need_has_a_reason_and_the_file_a_source_and_a_date() -> None:
    document = json.loads(OPTIONAL.read_text(encoding="utf-8"))
    assert document["read"]
    assert document["source"]
    assert all(need.file and need.library and len(need.reason) > 20 for need in load_optional(OPTIONAL))
