"""`gpu-driver` with a fake driver, which has faults on demand."""

import json
from dataclasses import replace

import pytest

from raydock.probe.answer import FAILED, PASSED
from raydock.probe.gpu.cuda import ERRORS, explain
from tests.unit.probe.gpu.conftest import RunDriverCheck


def test_a_driver_that_works_is_described(run_probe: RunDriverCheck) -> None:
    answer = run_probe(FAKE_COUNT="2")
    assert answer.status == PASSED
    assert "runs CUDA up to 13.0, enough for CUDA 13.0" in answer.detail
    assert "2 x Fake GPU (sm_90, 80.0 GiB); a vector add is correct on each" in answer.detail
    assert answer.warnings == ()


def test_the_probe_in_an_image_answers_the_same(run_driver_check: RunDriverCheck, run_probe: RunDriverCheck) -> None:
    assert replace(run_probe(FAKE_CUDA="12020"), seconds=0) == replace(run_driver_check(FAKE_CUDA="12020"), seconds=0)


def test_a_driver_older_than_the_images_cuda_is_refused(run_driver_check: RunDriverCheck) -> None:
    answer = run_driver_check(FAKE_CUDA="12020")
    assert answer.status == FAILED
    assert "runs CUDA up to 12.2, and this image needs CUDA 13.0, from driver 580.65.06 on" in answer.detail
    assert "update the host's driver, or find an image that runs there with `./build.py pick`" in answer.detail


def test_an_older_minor_version_of_the_same_major_is_enough(run_driver_check: RunDriverCheck) -> None:
    axes = {"arch": "amd64", "python": "3.11", "cuda": "12.8", "torch": "none", "vllm": "none", "ray": "2.60.0"}
    assert run_driver_check({"axes": axes, "min_driver": "525.60.13"}, FAKE_CUDA="12020").status == PASSED


@pytest.mark.parametrize(
    ("call", "code", "meaning"),
    [
        ("cuInit", 3, "CUDA_ERROR_NOT_INITIALIZED): the driver does not start"),
        ("cuInit", 34, "CUDA_ERROR_STUB_LIBRARY): libcuda.so.1 is the CUDA toolkit's stub"),
        ("cuInit", 35, "cudaErrorInsufficientDriver): the host's driver is older"),
        ("cuInit", 100, "CUDA_ERROR_NO_DEVICE): the driver is installed but sees no GPU"),
        ("cuInit", 101, "CUDA_ERROR_INVALID_DEVICE): no GPU has this number"),
        ("cuInit", 802, "CUDA_ERROR_SYSTEM_NOT_READY): the GPUs' fabric is not ready"),
        ("cuInit", 803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH): libcuda.so.1 in the container has a different version"),
        ("cuInit", 804, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE): a cuda-compat library is in use"),
        ("cuInit", 999, "CUDA_ERROR_UNKNOWN): the driver gives no reason; most often /dev/nvidia-uvm is missing"),
        ("cuInit", 4711, "cuInit returned 4711: the CUDA documentation's CUresult has its meaning"),
        (
            "cuDevicePrimaryCtxRetain",
            46,
            "CUDA_ERROR_DEVICE_UNAVAILABLE): a different process uses the GPU exclusively",
        ),
        ("cuMemAlloc_v2", 2, "CUDA_ERROR_OUT_OF_MEMORY): the GPU's memory is used up"),
        ("cuModuleLoadData", 222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION): the PTX is for a newer CUDA"),
        ("cuCtxSynchronize", 719, "CUDA_ERROR_LAUNCH_FAILED): a kernel crashed"),
    ],
)
def test_an_error_code_is_explained(run_driver_check: RunDriverCheck, call: str, code: int, meaning: str) -> None:
    answer = run_driver_check(FAKE_CALL=call, FAKE_CODE=str(code))
    assert answer.status == FAILED
    assert f"{call} returned {code}" in answer.detail
    assert meaning in answer.detail


def test_a_missing_uvm_device_is_named(run_driver_check: RunDriverCheck) -> None:
    assert run_driver_check(FAKE_CALL="cuInit", FAKE_CODE="999").detail.endswith("; /dev/nvidia-uvm is missing")


def test_a_driver_without_a_gpu_fails(run_driver_check: RunDriverCheck) -> None:
    answer = run_driver_check(FAKE_COUNT="0")
    assert (answer.status, "cuDeviceGetCount returned 100 (CUDA_ERROR_NO_DEVICE)" in answer.detail) == (FAILED, True)


def test_one_wrong_sum_of_a_vector_add_is_found(run_driver_check: RunDriverCheck) -> None:
    answer = run_driver_check(FAKE_WRONG="1")
    assert answer.status == FAILED
    assert "GPU 0: element 777 is" in answer.detail


def test_memory_in_use_by_a_different_process_is_a_warning(run_driver_check: RunDriverCheck) -> None:
    answer = run_driver_check(FAKE_HELD="20")
    assert answer.status == PASSED
    assert answer.warnings == (
        "GPU 0: 20.0 of 80.0 GiB are in use by a different process, which also lowers the measured rates"
        " (`nvidia-smi` on the host names it)",
    )


def test_a_librarys_message_is_extended_by_the_meaning_of_its_code() -> None:
    message = "Unexpected error from cudaGetDeviceCount(). Error 803: system has unsupported display driver"
    assert explain(message).startswith(f"{message}: libcuda.so.1 in the container has a different version")
    assert "the GPU's memory is used up" in explain("CUDA out of memory. Tried to allocate 2.00 GiB.")
    assert explain("it rains") == "it rains"


def test_every_code_has_a_name_and_a_meaning() -> None:
    errors = json.loads(ERRORS.read_text())["errors"]
    assert {"2", "3", "35", "46", "100", "101", "802", "803", "804", "999"} <= set(errors)
    assert all(len(entry) == 2 and all(entry) for entry in errors.values())
