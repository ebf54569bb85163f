"""The check `gpu-triton`: a kernel is compiled at run time, for which a C compiler and Python's headers are needed."""

import os
import subprocess
import tempfile
import time
from importlib import import_module
from typing import Any

from ..answer import CheckError
from ..image import Image
from .cuda import explain

_COMPILER = "Triton compiles a launcher in C at run time"


def triton_level(image: Image) -> str:
    """Triton compiles a kernel again, and it is right on every GPU."""
    del image
    with tempfile.TemporaryDirectory(prefix="rd") as cache:
        os.environ["TRITON_CACHE_DIR"] = cache
        torch: Any = import_module("torch")
        kernel: Any = import_module(__package__ + ".triton_kernel")
        began = time.monotonic()
        for number in range(torch.cuda.device_count()):
            if wrong := _wrong(kernel, f"cuda:{number}"):
                raise CheckError(f"GPU {number}: {wrong} of {kernel.COUNT} results of a kernel are wrong")
    version = import_module("triton").__version__
    return f"triton {version} compiled a kernel, right on each GPU, in {time.monotonic() - began:.1f} s"


def _wrong(kernel: Any, device: str) -> int:
    try:
        return int(kernel.wrong(device))
    except subprocess.CalledProcessError as error:
        raise CheckError(
            f"{_COMPILER}, and `{error.cmd[0]}` ended with {error.returncode}: are Python's headers there (Python.h)?"
        ) from None
    except RuntimeError as error:
        said = str(error).strip().splitlines()[0]
        if "C compiler" in said:
            raise CheckError(f"{_COMPILER}, and there is none: install gcc and libc6-dev, or set CC") from None
        raise CheckError(explain(said)) from None
