"""`gpu-driver` with a fake driver: which faults it tells, for no real driver can be made to have them."""

import json
from dataclasses import replace

import pytest

from raydock.probe.answer import FAILED, PASSED
from raydock.probe.gpu.cuda import ERRORS, explain
from tests.unit.probe.gpu.conftest import Ask


def test_a_driver_that_works_is_described(probed: Ask) -> None:
    answer = probed(FAKE_COUNT="2")
    assert answer.status == PASSED
    assert "runs CUDA up to 13.0, enough for CUDA 13.0" in answer.detail
    assert "2 x Fake GPU (sm_90, 80.0 GiB); a vector add is right on each" in answer.detail
    assert answer.warnings == ()


def test_the_probe_in_an_image_answers_the_same(ask: Ask, probed: Ask) -> None:
    assert replace(probed(FAKE_CUDA="12020"), seconds=0) == replace(ask(FAKE_CUDA="12020"), seconds=0)


def test_a_driver_older_than_the_images_cuda_is_refused(ask: Ask) -> None:
    answer = ask(FAKE_CUDA="12020")
    assert answer.status == FAILED
    assert "runs CUDA up to 12.2, and this image needs CUDA 13.0, from driver 580.65.06 on" in answer.detail
    assert "update the host's driver, or ask `./build.py pick`" in answer.detail


def test_an_older_minor_version_of_the_same_major_is_enough(ask: Ask) -> None:
    axes = {"arch": "amd64", "python": "3.11", "cuda": "12.8", "torch": "none", "vllm": "none", "ray": "2.60.0"}
    assert ask({"axes": axes, "min_driver": "525.60.13"}, FAKE_CUDA="12020").status == PASSED


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        ("cuInit", 3, "CUDA_ERROR_NOT_INITIALIZED): the driver does not start"),
        ("cuInit", 34, "CUDA_ERROR_STUB_LIBRARY): libcuda.so.1 is the stub"),
        ("cuInit", 35, "cudaErrorInsufficientDriver): the host's driver is older"),
        ("cuInit", 100, "CUDA_ERROR_NO_DEVICE): the driver is there and sees no GPU"),
        ("cuInit", 101, "CUDA_ERROR_INVALID_DEVICE): there is no GPU of that number"),
        ("cuInit", 802, "CUDA_ERROR_SYSTEM_NOT_READY): the GPUs' fabric is not up"),
        ("cuInit", 803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH): libcuda.so.1 in the container is of another version"),
        ("cuInit", 804, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE): a cuda-compat library is in use"),
        ("cuInit", 999, "CUDA_ERROR_UNKNOWN): the driver gives no reason; most often /dev/nvidia-uvm is missing"),
        ("cuInit", 4711, "cuInit returned 4711: the CUDA documentation's CUresult says what it means"),
        ("cuDevicePrimaryCtxRetain", 46, "CUDA_ERROR_DEVICE_UNAVAILABLE): another process has the GPU for itself"),
        ("cuMemAlloc_v2", 2, "CUDA_ERROR_OUT_OF_MEMORY): the GPU's memory is used up"),
        ("cuModuleLoadData", 222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION): the PTX is of a newer CUDA"),
        ("cuCtxSynchronize", 719, "CUDA_ERROR_LAUNCH_FAILED): a kernel died"),
    ],
)
def test_an_error_code_is_said_with_what_it_means(ask: Ask, call: str, code: int, words: str) -> None:
    answer = ask(FAKE_CALL=call, FAKE_CODE=str(code))
    assert answer.status == FAILED
    assert f"{call} returned {code}" in answer.detail
    assert words in answer.detail


def test_a_missing_uvm_device_is_named(ask: Ask) -> None:
    assert ask(FAKE_CALL="cuInit", FAKE_CODE="999").detail.endswith("; /dev/nvidia-uvm is not there")


def test_a_driver_that_counts_no_gpu_has_failed(ask: Ask) -> None:
    answer = ask(FAKE_COUNT="0")
    assert (answer.status, "cuDeviceGetCount returned 100 (CUDA_ERROR_NO_DEVICE)" in answer.detail) == (FAILED, True)


def test_one_wrong_sum_of_a_vector_add_is_found(ask: Ask) -> None:
    answer = ask(FAKE_WRONG="1")
    assert answer.status == FAILED
    assert "GPU 0: element 777 is" in answer.detail


def test_memory_that_somebody_else_holds_is_a_warning(ask: Ask) -> None:
    answer = ask(FAKE_HELD="20")
    assert answer.status == PASSED
    assert answer.warnings == (
        "GPU 0: 20.0 of 80.0 GiB are in use by another process, which shares its rates too"
        " (`nvidia-smi` on the host names it)",
    )


def test_a_librarys_message_is_told_with_the_meaning_of_its_code() -> None:
    said = "Unexpected error from cudaGetDeviceCount(). Error 803: system has unsupported display driver"
    assert explain(said).startswith(f"{said}: libcuda.so.1 in the container is of another version")
    assert "the GPU's memory is used up" in explain("CUDA out of memory. Tried to allocate 2.00 GiB.")
    assert explain("it rains") == "it rains"


def test_every_code_has_a_name_and_a_meaning() -> None:
    found = json.loads(ERRORS.read_text())
    assert {"2", "3", "35", "46", "100", "101", "802", "803", "804", "999"} <= set(found["errors"])
    assert all(len(entry) == 2 and all(entry) for entry in found["errors"].values())
