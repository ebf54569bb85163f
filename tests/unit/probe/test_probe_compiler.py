import ctypes.util
from pathlib import Path
from typing import Any

import pytest

from raydock.probe import compiler, image
from raydock.probe.answer import CheckError
from raydock.probe.image import Image
from raydock.probe.runner import Task, run_checks
from tests.support.fakedriver import compile_driver

AXES = {"arch": "amd64", "python": "3.11", "cuda": "12.8", "torch": "2.8.0", "vllm": "0.10.2", "ray": "2.60.0"}
no_driver = pytest.mark.skipif(bool(ctypes.util.find_library("cuda")), reason="this machine has a GPU's driver")
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


# Links an empty program with a libcuda.so.1.
NVCC = """\
#!/bin/sh
[ "$1" != -V ] || { echo 'release 13.0,'; exit; }
for library; do :; done
exec cc -shared -o "$library" -x c /dev/null -x none -Wl,--no-as-needed -LFOLDER -l:libcuda.so.1 OPTION
"""


@pytest.mark.parametrize(
    ("folder", "option", "text"),
    [
        pytest.param("driver", "", "needs libcuda.so.1, which comes with the host's driver", marks=no_driver),
        ("driver", "-Wl,-rpath,FOLDER", "a program linked with -lcuda loads the host's driver"),
        ("stubs", "-Wl,-rpath,FOLDER", "stubs/libcuda.so.1, which is for the linker only"),
    ],
)
def test_a_program_is_linked_and_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, option: str, text: str
) -> None:
    (tmp_path / folder).mkdir()
    driver = compile_driver(tmp_path / folder)
    nvcc = tmp_path / "nvcc"
    nvcc.write_text(NVCC.replace("OPTION", option).replace("FOLDER", str(driver)))
    nvcc.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    variant = Image("x", {**AXES, "cuda": "13.0", "vllm": "none"}, {}, sm=("90",), nvcc="13.0")
    [answer] = run_checks([Task("compiler", lambda: compiler.compiler(variant), 60)])
    assert text in answer.detail


def test_the_image_json_of_an_older_image_has_no_nvcc(tmp_path: Any) -> None:
    path = tmp_path / "image.json"
    path.write_text('{"schema": 1, "name": "x", "axes": {}, "packages": {}}')
    assert image.load(path).nvcc == ""
