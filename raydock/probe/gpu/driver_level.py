"""The check `gpu-driver`: the driver, each GPU that it shows, and a kernel on each, with the standard library alone."""

import ctypes
from pathlib import Path
from typing import List, Tuple

from ..answer import CheckError, ProbeFinding, SkipError
from ..image import Image
from .cuda import LIBRARY, NO_DEVICE, Device, Driver, DriverError
from .vector_add import vector_add

CONTROL = Path("/dev/nvidiactl")
VERSION = Path("/proc/driver/nvidia/version")
# A context of the driver's own takes about half of this.
_HELD_BY_NOBODY = 2**30


def driver_level(image: Image) -> ProbeFinding:
    """The driver starts, runs the image's CUDA, and each GPU adds two vectors rightly."""
    driver = _driver()
    devices = driver.devices()
    if not devices:
        raise DriverError("cuDeviceGetCount", NO_DEVICE)
    words = _judge(image, driver.cuda, kernel_module())
    held = [(device, vector_add(driver, device)) for device in devices]
    crowded = tuple(_crowded(device, bytes_held) for device, bytes_held in held if bytes_held > _HELD_BY_NOBODY)
    return ProbeFinding(f"{words}; {_list(devices)}; a vector add is right on each", crowded)


def _driver() -> Driver:
    """The driver, started."""
    try:
        driver = Driver()
    except OSError as error:
        if CONTROL.exists():
            raise CheckError(
                f"{CONTROL} is here, but {LIBRARY} cannot be loaded ({error}): NVIDIA_DRIVER_CAPABILITIES lacks"
                " `compute`, or the CDI specification does not mount the driver's libraries where they are looked for"
            ) from None
        raise SkipError(
            f"no GPU: {LIBRARY} is not there: this container was given no GPU, or its host has no NVIDIA driver"
        ) from None
    driver.call("cuInit", 0)
    return driver


def _judge(image: Image, runs: Tuple[int, int], module: str) -> str:
    """What driver this is. Raises CheckError where the image's CUDA is of a newer major version than it runs."""
    said = f"driver {module or 'of unknown version'} runs CUDA up to {runs[0]}.{runs[1]}"
    needed = image.axes["cuda"] if image.has("cuda") else ""
    if not needed:
        return said
    if runs[0] < int(needed.split(".")[0]):
        floor = f", from driver {image.min_driver} on" if image.min_driver else ""
        raise CheckError(
            f"the {said}, and this image needs CUDA {needed}{floor}: update the host's driver,"
            " or ask `./build.py pick` for an image that runs there"
        )
    if module and image.min_driver and _numbers(module) < _numbers(image.min_driver):
        return f"{said}, by forward compatibility (CUDA {needed} needs {image.min_driver})"
    return f"{said}, enough for CUDA {needed}"


def kernel_module() -> str:
    """The version of the host's driver, such as 580.159.04; empty where neither the kernel nor NVML says it."""
    try:
        words = VERSION.read_text(encoding="utf-8").splitlines()[0].split()
        return next(word for word in words if word.count(".") and word.replace(".", "").isdigit())
    except (OSError, IndexError, StopIteration):
        return _by_nvml()


def _by_nvml() -> str:
    version = ctypes.create_string_buffer(96)
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return ""
    if nvml.nvmlInit_v2() or nvml.nvmlSystemGetDriverVersion(version, len(version)):
        return ""
    return version.value.decode()


def _numbers(version: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _list(devices: List[Device]) -> str:
    """The GPUs in words, equal ones counted."""
    kinds = [f"{device.name} (sm_{device.sm}, {device.memory / 2**30:.1f} GiB)" for device in devices]
    return ", ".join(f"{kinds.count(kind)} x {kind}" for kind in dict.fromkeys(kinds))


def _crowded(device: Device, held: int) -> str:
    return (
        f"GPU {device.number}: {held / 2**30:.1f} of {device.memory / 2**30:.1f} GiB are in use by another process,"
        " which shares its rates too (`nvidia-smi` on the host names it)"
    )
