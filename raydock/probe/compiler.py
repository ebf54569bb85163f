"""The check `compiler`: nvcc compiles for every GPU of the variant.

It compiles with the headers that FlashInfer's kernels need.
"""

import os
import re
import tempfile
import time
from pathlib import Path
from typing import List

from .answer import CheckError
from .image import Image
from .libraries import loaded_libraries
from .process import capture, launch, start_script
from .rdma import load_error

SOURCE = Path(__file__).with_name("compiler.cu")
MODULE = Path(__file__).with_name("compiler_module.py")
# With 0, vLLM uses a sampler that compiles nothing. Images without a compiler set it.
_SWITCH = "VLLM_USE_FLASHINFER_SAMPLER"
_RELEASE = re.compile(r"release (\d+\.\d+),")
_DRIVER = "libcuda.so.1"


def compiler(image: Image) -> str:
    """Check that nvcc has the variant's CUDA and compiles; let FlashInfer build.

    Without nvcc, check that nothing needs a compiler.
    """
    if not image.nvcc:
        return check_without_nvcc(image)
    version = parse_release(capture("nvcc", "-V"))
    if version != image.nvcc:
        raise CheckError(f"nvcc is for CUDA {version}, but the image's name says CUDA {image.nvcc}")
    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        began = time.monotonic()
        linked = _link(Path(folder), image)
        compiled = (
            f"nvcc {version} compiles for {' '.join(f'sm_{sm}' for sm in image.sm)} in {time.monotonic() - began:.0f} s"
        )
        return "; ".join([compiled, linked, *_flashinfer(Path(folder), image)])


def check_without_nvcc(image: Image) -> str:
    """Check an image without nvcc. Raises CheckError if vLLM could need a compiler."""
    if image.has("vllm") and os.environ.get(_SWITCH) != "0":
        raise CheckError(
            f"nvcc is not installed, and {_SWITCH} is not 0: vLLM's sampler may compile kernels at its first use"
        )
    return "no nvcc, because no package for this CUDA has it" + (
        "; vLLM's sampler needs no compiler" if image.has("vllm") else ""
    )


def parse_release(text: str) -> str:
    """The CUDA release in the output of `nvcc -V`, such as 13.0.

    Raises CheckError if the output has none.
    """
    match = _RELEASE.search(text)
    if not match:
        raise CheckError(f"`nvcc -V` prints no release: {text[-200:]!r}")
    return match[1]


def _link(folder: Path, image: Image) -> str:
    """Compile, link and load the kernel.

    It loads with the host's driver, or not at all if there is no driver.
    """
    library = folder / "kernel.so"
    targets = [f"-gencode=arch=compute_{sm},code=sm_{sm}" for sm in image.sm]
    launch("nvcc", ["nvcc", "-shared", "-Xcompiler=-fPIC", *targets, str(SOURCE), "-lcuda", "-o", str(library)]).wait()
    error = load_error(str(library))
    return judge(sorted(loaded_libraries()), error)


def judge(libraries: List[str], error: str) -> str:
    """Judge the load of a program linked with -lcuda, by its libraries and its error.

    Raises CheckError if it loaded the linker's stub in place of the driver, or failed for a different reason than a
    missing driver.
    """
    stubs = [path for path in libraries if "/stubs/" in path]
    if stubs:
        raise CheckError(f"a program linked with -lcuda loads {stubs[0]}, which is for the linker only")
    if not error:
        return "a program linked with -lcuda loads the host's driver"
    if _DRIVER in error:
        return f"a program linked with -lcuda needs {_DRIVER}, which comes with the host's driver"
    raise CheckError(f"a program linked with -lcuda does not load: {error}")


def _flashinfer(folder: Path, image: Image) -> List[str]:
    """Let FlashInfer build a small module, for the last entry of the image's `sm`."""
    if not image.has("vllm"):
        return []
    environment = {**os.environ, "FLASHINFER_WORKSPACE_BASE": str(folder)}
    environment["FLASHINFER_CUDA_ARCH_LIST"] = f"{int(image.sm[-1]) // 10}.{int(image.sm[-1]) % 10}"
    built = start_script("build a FlashInfer module", MODULE, env=environment).answer()
    names = ", ".join(built["prebuilt"]) or "none"
    return [f"FlashInfer builds {built['module']} in {built['seconds']:.0f} s; prebuilt in the image: {names}"]
