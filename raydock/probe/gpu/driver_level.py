"""The check `gpu-driver`: the driver, its GPUs, and a kernel on each."""

import ctypes
from pathlib import Path
from typing import List, Tuple

from ..answer import CheckError, ProbeFinding, SkipError
from ..image import Image
from .cuda import LIBRARY, NO_DEVICE, Device, Driver, DriverError
from .vector_add import vector_add

CONTROL = Path("/dev/nvidiactl")
VERSION = Path("/proc/driver/nvidia/version")
# Bytes in use on an idle GPU. The driver's own context takes about half of this.
_IDLE = 2**30


def driver_level(image: Image) -> ProbeFinding:
    """Check that the driver runs the image's CUDA, and add vectors on each GPU."""
    driver = _driver()
    devices = driver.devices()
    if not devices:
        raise DriverError("cuDeviceGetCount", NO_DEVICE)
    description = _describe(image, driver.cuda, kernel_module())
    used = [(device, vector_add(driver, device)) for device in devices]
    warnings = tuple(_warn_of_use(device, size) for device, size in used if size > _IDLE)
    return ProbeFinding(f"{description}; {_list(devices)}; a vector add is correct on each", warnings)


def _driver() -> Driver:
    """Load and start the driver.

    Raises SkipError if there is no GPU, CheckError if the driver cannot be loaded.
    """
    try:
        driver = Driver()
    except OSError as error:
        if CONTROL.exists():
            raise CheckError(
                f"{CONTROL} exists, but {LIBRARY} cannot be loaded ({error}): NVIDIA_DRIVER_CAPABILITIES lacks"
                " `compute`, or the CDI specification mounts the driver's libraries in a folder that is not searched"
            ) from None
        raise SkipError(
            f"no GPU: {LIBRARY} is missing: this container has no GPU, or its host has no NVIDIA driver"
        ) from None
    driver.call("cuInit", 0)
    return driver


def _describe(image: Image, newest: Tuple[int, int], module: str) -> str:
    """Describe the driver, by its newest CUDA and its kernel module's version.

    Raises CheckError if the image's CUDA has a newer major version.
    """
    driver = f"driver {module or 'of unknown version'} runs CUDA up to {newest[0]}.{newest[1]}"
    needed = image.axes["cuda"] if image.has("cuda") else ""
    if not needed:
        return driver
    if newest[0] < int(needed.split(".")[0]):
        floor = f", from driver {image.min_driver} on" if image.min_driver else ""
        raise CheckError(
            f"the {driver}, and this image needs CUDA {needed}{floor}: update the host's driver,"
            " or find an image that runs there with `./build.py pick`"
        )
    if module and image.min_driver and _numbers(module) < _numbers(image.min_driver):
        return f"{driver}, by forward compatibility (CUDA {needed} needs {image.min_driver})"
    return f"{driver}, enough for CUDA {needed}"


def kernel_module() -> str:
    """The version of the host's driver, such as 580.159.04; empty if unknown.

    It is read from the kernel or from NVML.
    """
    try:
        fields = VERSION.read_text(encoding="utf-8").splitlines()[0].split()
        return next(field for field in fields if field.count(".") and field.replace(".", "").isdigit())
    except (OSError, IndexError, StopIteration):
        return _ask_nvml()


def _ask_nvml() -> str:
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
    """The GPUs as text; equal ones are counted."""
    kinds = [f"{device.name} (sm_{device.sm}, {device.memory / 2**30:.1f} GiB)" for device in devices]
    return ", ".join(f"{kinds.count(kind)} x {kind}" for kind in dict.fromkeys(kinds))


def _warn_of_use(device: Device, size: int) -> str:
    return (
        f"GPU {device.number}: {size / 2**30:.1f} of {device.memory / 2**30:.1f} GiB are in use by a different process,"
        " which also lowers the measured rates (`nvidia-smi` on the host names it)"
    )
