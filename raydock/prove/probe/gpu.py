"""The check `gpu`, for a machine that has one."""

import ctypes
from importlib import import_module

from .answer import CheckError, SkipError
from .image import Image


def gpu(image: Image) -> str:
    """The driver answers, and torch, where the variant has it, does arithmetic on every GPU."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        raise SkipError("no GPU: libcuda.so.1 is not there") from None
    count, version = ctypes.c_int(), ctypes.c_int()
    for name, arguments in (("cuInit", (0,)), ("cuDriverGetVersion", (ctypes.byref(version),))):
        _call(driver, name, *arguments)
    _call(driver, "cuDeviceGetCount", ctypes.byref(count))
    if not count.value:
        raise CheckError("the driver is there, but it shows no GPU")
    words = f"{count.value} GPUs; the driver goes up to CUDA {version.value // 1000}.{version.value % 1000 // 10}"
    if not image.has("torch"):
        return words
    torch = import_module("torch")
    for index in range(count.value):
        total = torch.arange(1000, device=f"cuda:{index}").sum().item()
        if total != 499500:
            raise CheckError(f"GPU {index} sums 0..999 to {total}")
    return f"{words}; torch reckons on each"


def _call(driver: ctypes.CDLL, name: str, *arguments: object) -> None:
    """Calls a function of the CUDA driver API. Raises CheckError where it does not return CUDA_SUCCESS (0)."""
    code = getattr(driver, name)(*arguments)
    if code:
        raise CheckError(f"the driver's {name} returned error {code}")
