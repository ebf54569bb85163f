from typing import Any

import pytest

from raydock.probe import compiler, downloads, image
from raydock.probe.answer import CheckError
from raydock.probe.image import Image

AXES = {"arch": "amd64", "python": "3.11", "cuda": "12.8", "torch": "2.8.0", "vllm": "0.10.2", "ray": "2.60.0"}
PRINTED = "nvcc: NVIDIA (R) Cuda compiler driver\nCuda compilation tools, release 13.0, V13.0.88\n"


def test_the_release_of_nvcc_is_read() -> None:
    assert compiler.release(PRINTED) == "13.0"
    with pytest.raises(CheckError, match="names no release: 'hello'"):
        compiler.release("hello")


def test_a_compiler_of_a_different_cuda_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "output", lambda *_: PRINTED.replace("13.0", "13.5"))
    with pytest.raises(CheckError, match=r"nvcc is of CUDA 13\.5, and the image is named for CUDA 13\.0"):
        compiler.compiler(Image("x", {**AXES, "cuda": "13.0"}, {}, sm=("90",), nvcc="13.0"))


def test_without_a_compiler_vllms_sampler_must_be_switched(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Image("x", AXES, {})
    monkeypatch.delenv("VLLM_USE_FLASHINFER_SAMPLER", raising=False)
    with pytest.raises(CheckError, match="there is no nvcc, and VLLM_USE_FLASHINFER_SAMPLER is not 0"):
        compiler.compiler(asked)
    monkeypatch.setenv("VLLM_USE_FLASHINFER_SAMPLER", "0")
    assert compiler.compiler(asked).endswith("vLLM's sampler needs none")
    monkeypatch.delenv("VLLM_USE_FLASHINFER_SAMPLER")
    assert "no nvcc" in compiler.compiler(Image("x", {**AXES, "vllm": "none"}, {}))


@pytest.mark.parametrize(
    ("libraries", "error", "words"),
    [
        (
            [],
            "libcuda.so.1: cannot open shared object file: No such file or directory",
            "which the host's driver brings",
        ),
        (["/usr/lib/x86_64-linux-gnu/libcuda.so.1"], "", "loads the host's driver"),
    ],
)
def test_a_linked_program_takes_the_hosts_driver(libraries: list[str], error: str, words: str) -> None:
    assert words in compiler.judge(libraries, error)


@pytest.mark.parametrize(
    ("libraries", "error", "words"),
    [
        (["/usr/local/cuda/lib64/stubs/libcuda.so"], "", "loads /usr/local/cuda/lib64/stubs/libcuda.so, which is for"),
        ([], "libcudart.so.13: cannot open shared object file", "does not load: libcudart.so.13"),
    ],
)
def test_a_program_that_takes_the_stub_or_does_not_load_fails(libraries: list[str], error: str, words: str) -> None:
    with pytest.raises(CheckError, match=words):
        compiler.judge(libraries, error)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"hosts": [], "cubins": 0, "repository": "https://x.example/"}, "fetches from https://x.example/"),
        ({"hosts": [], "cubins": 12, "repository": ""}, "flashinfer-cubin holds 12 files"),
        ({"hosts": [], "cubins": None, "repository": ""}, "no flashinfer"),
    ],
)
def test_what_flashinfer_fetches_is_listed(found: dict[str, Any], words: str) -> None:
    assert words in downloads.cubins(found)


def test_hosts_are_listed() -> None:
    assert downloads.words([]).endswith("asks for no host")
    assert downloads.words(["a.example", "b.example"]).endswith("asks for a.example, b.example")


def test_an_older_image_names_no_compiler(tmp_path: Any) -> None:
    path = tmp_path / "image.json"
    path.write_text('{"schema": 1, "name": "x", "axes": {}, "packages": {}}')
    assert image.load(path).nvcc == ""
