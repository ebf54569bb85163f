"""The GPUs that libraries have code for, and the rows that refresh_sm adds for them."""

import struct
from collections.abc import Iterator, Sequence

import pytest
from packaging.version import Version

from raydock.compat.hardware import GpuTable, Hardware
from raydock.core.yamlfile import load
from raydock.index.client import Index, from_environment
from tests.support.index import Site, serving
from tools import fatbin, refresh_sm
from tools.refresh_sm import Measurements

PTX, CODE = 1, 2


def fat_binary(*entries: tuple[int, int]) -> bytes:
    """Return a fat binary with entries (kind, GPU), in nvcc's format."""
    body = b"".join(
        struct.pack("<HHIQ8xII", kind, 1, 64, 8, 0, gpu).ljust(64, b"\0") + b"code...." for kind, gpu in entries
    )
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


def library(*sets: Sequence[int]) -> bytes:
    return b"\x7fELF" + b"".join(b"text" + fat_binary(*((CODE, gpu) for gpu in gpus)) for gpus in sets)


def test_each_fat_binary_of_a_library_is_read() -> None:
    assert list(fatbin.gpus(library([75, 80], [90]))) == [{75, 80}, {90}]


def test_ptx_does_not_count_as_code_for_a_gpu() -> None:
    assert list(fatbin.gpus(fat_binary((CODE, 80), (PTX, 90)))) == [{80}]


def test_the_magic_number_alone_is_not_a_fat_binary() -> None:
    magic = struct.pack("<I", 0xBA55ED50)
    assert list(fatbin.gpus(magic + b"\0" * 40 + fat_binary((CODE, 80)))) == [{80}]
    assert list(fatbin.gpus(fat_binary((CODE, 80))[:-4])) == []


def test_kernels_for_one_gpu_do_not_decide_the_list() -> None:
    assert refresh_sm.of_common_kernels([library([75, 80, 90], [90], [90]), library([75, 80, 90])]) == (75, 80, 90)
    assert refresh_sm.of_common_kernels([]) == ()


def test_torchs_flags_are_read() -> None:
    assert refresh_sm.in_flags(b"\0sm_%d\0sm_75 sm_80 sm_90a\0 sm_80 sm_90\0") == (75, 80, 90)
    assert refresh_sm.in_flags(b"none") == ()


@pytest.fixture
def site() -> Site:
    """Releases that the committed table covers, and newer ones."""
    site = Site()
    flags = {"torch/lib/libtorch_python.so": b"\0sm_80 sm_90 sm_130\0"}
    for version in ("2.15.0", "9.1.0", "9.1.1"):
        site.publish("torch", version, ["nvidia-cuda-runtime==14.1.2"], flags)
    for version in ("0.33.0", "9.0.0"):
        site.publish("vllm", version, ["torch==9.1.0"], {"vllm/_C.abi3.so": library([80, 90], [90], [80, 90])})
    script = b"#!/bin/sh\nprintf 'sm_80\\nsm_130\\nsm_90\\n'\n"
    for version in ("13.5.37", "14.1.2"):
        site.publish("nvidia-cuda-nvcc", version, files={"nvidia/cu14/bin/nvcc": script})
    return site


@pytest.fixture
def index(site: Site) -> Iterator[Index]:
    with serving(site) as address:
        yield from_environment({"UV_DEFAULT_INDEX": address})


def test_releases_that_no_row_covers_get_a_row(index: Index) -> None:
    proposal = refresh_sm.propose(Measurements(index=index), Hardware())
    before = refresh_sm.TABLE.read().splitlines()
    assert [line for line in proposal.text.splitlines() if line not in before] == [
        '  - {torch: ">=9.1,<9.2", cuda: "14.1", sm: [80, 90, 130]}',
        '  - {vllm: ">=9.0,<9.1", cuda: "14.1", sm: [80, 90]}',
        '  - {cuda: "==14.1", sm: [80, 90, 130]}',
    ]
    assert proposal.open == ()


def test_the_new_rows_are_read_by_raydock(index: Index, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("data") / "sm.yaml"
    path.write_text(refresh_sm.propose(Measurements(index=index), Hardware()).text)
    known = Hardware(gpus=load(path, GpuTable))
    assert known.compilable("14.1") == (80, 90, 130)
    assert any(build.cuda == "14.1" and Version("9.1.5") in build.versions for build in known.gpus.wheels)
    assert refresh_sm.propose(Measurements(index=index), known).text == refresh_sm.TABLE.read()


def test_different_releases_of_a_series_must_be_decided(site: Site, index: Index) -> None:
    site.publish(
        "torch", "9.1.2", ["nvidia-cuda-runtime==14.1.2"], {"torch/lib/libtorch_python.so": b"\0sm_80 sm_90\0"}
    )
    (line,) = refresh_sm.propose(Measurements(index=index), Hardware()).open
    assert line == "torch 9.1.0 to 9.1.2: the GPUs or the CUDA differ or are not found."


def test_a_wheel_without_nvcc_does_not_add_a_row(site: Site, index: Index) -> None:
    site.publish("nvidia-cuda-nvcc", "14.1.3")
    assert "14.1" not in refresh_sm.propose(Measurements(index=index), Hardware()).text.partition("\ncompilers:")[2]
