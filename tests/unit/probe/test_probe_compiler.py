from typing import Any

import pytest

from raydock.probe import compiler, image
from raydock.probe.answer import CheckError
from raydock.probe.image import Image

AXES = {"arch": "amd64", "python": "3.11", "cuda": "12.8", "torch": "2.8.0", "vllm": "0.10.2", "ray": "2.60.0"}
PRINTED = "nvcc: NVIDIA (R) Cuda compiler driver\nCuda compilation tools, release 13.0, V13.0.88\n"


def test_the_release_of_nvcc_is_read() -> None:
    assert compiler.parse_release(PRINTED) == "13.0"
    with pytest.raises(CheckError, match="prints no release: 'hello'"):
        compiler.parse_release("hello")


def test_a_compiler_of_a_different_cuda_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "capture", lambda *_: PRINTED.replace("13.0", "13.5"))
    with pytest.raises(CheckError, match=r"nvcc is for CUDA 13\.5, but the image's name says CUDA 13\.0"):
        compiler.compiler(Image("x", {**AXES, "cuda": "13.0"}, {}, sm=("90",), nvcc="13.0"))


def test_without_a_compiler_vllms_sampler_must_be_switched(monkeypatch: pytest.MonkeyPatch) -> None:
    variant = Image("x", AXES, {})
    monkeypatch.delenv("VLLM_USE_FLASHINFER_SAMPLER", raising=False)
    with pytest.raises(CheckError, match="nvcc is not installed, and VLLM_USE_FLASHINFER_SAMPLER is not 0"):
        compiler.compiler(variant)
    monkeypatch.setenv("VLLM_USE_FLASHINFER_SAMPLER", "0")
    assert compiler.compiler(variant).endswith("vLLM's sampler needs no compiler")
    monkeypatch.delenv("VLLM_USE_FLASHINFER_SAMPLER")
    assert "no nvcc" in compiler.compiler(Image("x", {**AXES, "vllm": "none"}, {}))


@pytest.mark.parametrize(
    ("libraries", "error", "text"),
    [
        (
            [],
            "libcuda.so.1: cannot open shared object file: No such file or directory",
            "which comes with the host's driver",
        ),
        (["/usr/lib/x86_64-linux-gnu/libcuda.so.1"], "", "loads the host's driver"),
    ],
)
def test_a_linked_program_loads_the_hosts_driver(libraries: list[str], error: str, text: str) -> None:
    assert text in compiler.judge(libraries, error)


@pytest.mark.parametrize(
    ("libraries", "error", "text"),
    [
        (["/usr/local/cuda/lib64/stubs/libcuda.so"], "", "loads /usr/local/cuda/lib64/stubs/libcuda.so, which is for"),
        ([], "libcudart.so.13: cannot open shared object file", "does not load: libcudart.so.13"),
    ],
)
def test_a_program_that_loads_the_stub_or_does_not_load_fails(libraries: list[str], error: str, text: str) -> None:
    with pytest.raises(CheckError, match=text):
        compiler.judge(libraries, error)


def test_the_image_json_of_an_older_image_has_no_nvcc(tmp_path: Any) -> None:
    path = tmp_path / "image.json"
    path.write_text('{"schema": 1, "name": "x", "axes": {}, "packages": {}}')
    assert image.load(path).nvcc == ""
