"""The check `gpu-triton`: Triton compiles a kernel at run time.

This needs a C compiler and Python's headers.
"""

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
    """Let Triton compile a kernel, and check its results on every GPU."""
    del image
    with tempfile.TemporaryDirectory(prefix="rd") as cache:
        os.environ["TRITON_CACHE_DIR"] = cache
        torch: Any = import_module("torch")
        kernel: Any = import_module(__package__ + ".triton_kernel")
        began = time.monotonic()
        for number in range(torch.cuda.device_count()):
            if wrong := _count_wrong(kernel, f"cuda:{number}"):
                raise CheckError(f"GPU {number}: {wrong} of {kernel.COUNT} results of a kernel are wrong")
    version = import_module("triton").__version__
    return f"triton {version} compiled a kernel, correct on each GPU, in {time.monotonic() - began:.1f} s"


def _count_wrong(kernel: Any, device: str) -> int:
    try:
        return int(kernel.count_wrong(device))
    except subprocess.CalledProcessError as error:
        raise CheckError(
            f"{_COMPILER}, and `{error.cmd[0]}` ended with exit status {error.returncode}: are Python's headers"
            " (Python.h) installed?"
        ) from None
    except RuntimeError as error:
        message = str(error).strip().splitlines()[0]
        if "C compiler" in message:
            raise CheckError(f"{_COMPILER}, and finds no C compiler: install gcc and libc6-dev, or set CC") from None
        raise CheckError(explain(message)) from None
