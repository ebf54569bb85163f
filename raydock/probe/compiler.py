"""The check `compiler`: nvcc compiles for every GPU of the variant, with the headers that FlashInfer's kernels need."""

import os
import re
import tempfile
import time
from pathlib import Path
from typing import List

from .answer import CheckError
from .image import Image
from .process import launch, output, script

SOURCE = Path(__file__).with_name("compiler.cu")
LOAD = Path(__file__).with_name("compiler_load.py")
MODULE = Path(__file__).with_name("compiler_module.py")
# vLLM's choice of a sampler that compiles nothing, if there is no compiler.
_SWITCH = "VLLM_USE_FLASHINFER_SAMPLER"
_RELEASE = re.compile(r"release (\d+\.\d+),")
_DRIVER = "libcuda.so.1"


def compiler(image: Image) -> str:
    """nvcc is of the variant's CUDA and compiles, and FlashInfer builds a module; or nothing needs a compiler."""
    if not image.nvcc:
        return without(image)
    version = release(output("nvcc", "-V"))
    if version != image.nvcc:
        raise CheckError(f"nvcc is of CUDA {version}, and the image is named for CUDA {image.nvcc}")
    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        began = time.monotonic()
        found = _link(Path(folder), image)
        words = (
            f"nvcc {version} compiles for {' '.join(f'sm_{sm}' for sm in image.sm)} in {time.monotonic() - began:.0f} s"
        )
        return "; ".join([words, found, *_flashinfer(Path(folder), image)])


def without(image: Image) -> str:
    """What stands for a compiler in an image that has none. Raises CheckError if vLLM could need one."""
    if image.has("vllm") and os.environ.get(_SWITCH) != "0":
        raise CheckError(
            f"there is no nvcc, and {_SWITCH} is not 0: vLLM's sampler may compile kernels at its first use"
        )
    return "no nvcc, as no package of this CUDA brings it" + (
        "; vLLM's sampler needs none" if image.has("vllm") else ""
    )


def release(printed: str) -> str:
    """The CUDA that `nvcc -V` names, such as 13.0. Raises CheckError if it names none."""
    match = _RELEASE.search(printed)
    if not match:
        raise CheckError(f"`nvcc -V` names no release: {printed[-200:]!r}")
    return match[1]


def _link(folder: Path, image: Image) -> str:
    """Compiles and links the kernel, and loads it: with the driver's own library, or not at all if there is none."""
    library = folder / "kernel.so"
    targets = [f"-gencode=arch=compute_{sm},code=sm_{sm}" for sm in image.sm]
    launch("nvcc", ["nvcc", "-shared", "-Xcompiler=-fPIC", *targets, str(SOURCE), "-lcuda", "-o", str(library)]).wait()
    loaded = script("load kernel", LOAD, str(library)).answer()
    return judge(loaded["libraries"], loaded["error"])


def judge(libraries: List[str], error: str) -> str:
    """What it means that a program linked with -lcuda loaded these libraries, or failed with this error.

    Raises CheckError if it loaded the linker's stub in place of the driver.
    """
    stubs = [path for path in libraries if "/stubs/" in path]
    if stubs:
        raise CheckError(f"a program linked with -lcuda loads {stubs[0]}, which is for the linker only")
    if not error:
        return "a program linked with -lcuda loads the host's driver"
    if _DRIVER in error:
        return f"a program linked with -lcuda asks for {_DRIVER}, which the host's driver brings"
    raise CheckError(f"a program linked with -lcuda does not load: {error}")


def _flashinfer(folder: Path, image: Image) -> List[str]:
    """What FlashInfer makes of the compiler: a small module of its own, for the first GPU of the image."""
    if not image.has("vllm"):
        return []
    environment = {**os.environ, "FLASHINFER_WORKSPACE_BASE": str(folder)}
    environment["FLASHINFER_CUDA_ARCH_LIST"] = f"{int(image.sm[-1]) // 10}.{int(image.sm[-1]) % 10}"
    built = script("build a FlashInfer module", MODULE, env=environment).answer()
    names = ", ".join(built["prebuilt"]) or "none"
    return [f"FlashInfer builds {built['module']} in {built['seconds']:.0f} s; prebuilt in the image: {names}"]
