"""The CUDA driver's API through ctypes, and the meaning of its errors."""

import ctypes
import json
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Dict, List, Tuple

from ..answer import CheckError

LIBRARY = "libcuda.so.1"
ERRORS = Path(__file__).with_name("driver-errors.json")
UVM = Path("/dev/nvidia-uvm")
NO_DEVICE = 100
# CUdevice_attribute
_MULTIPROCESSOR_MAJOR, _MULTIPROCESSOR_MINOR = 75, 76
_IN_TEXT = re.compile(r"\b[Ee]rror:? (\d{1,3})\b")


class DriverError(CheckError):
    """A failed call of the driver's API; `code` is its CUresult."""

    def __init__(self, call: str, code: int) -> None:
        super().__init__(f"{call} returned {code}{_describe(code)}")
        self.code = code


@dataclass(frozen=True)
class Device:
    """A GPU.

    Attributes:
        number: its number in this process.
        name: its name, such as NVIDIA H200.
        uuid: its UUID, 32 hexadecimal digits.
        memory: its memory, in bytes.
        sm: its compute capability; 90 is 9.0.
    """

    number: int
    name: str
    uuid: str
    memory: int
    sm: int


class Driver:
    """libcuda.so.1. Raises OSError if it cannot be loaded."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)

    def call(self, name: str, *arguments: object) -> None:
        """Call a function of the driver's API.

        Raises DriverError if it does not return CUDA_SUCCESS.
        """
        code = getattr(self._library, name)(*arguments)
        if code:
            raise DriverError(name, code)

    def number(self, name: str, *arguments: object) -> int:
        """Call a function, and return the number that it writes to its first argument."""
        result = ctypes.c_int()
        self.call(name, ctypes.byref(result), *arguments)
        return result.value

    @property
    def cuda(self) -> Tuple[int, int]:
        """The newest CUDA that the driver runs: (13, 0)."""
        version = self.number("cuDriverGetVersion")
        return version // 1000, version % 1000 // 10

    def devices(self) -> List[Device]:
        """Every GPU that this process sees, after cuInit."""
        return [self._device(number) for number in range(self.number("cuDeviceGetCount"))]

    def _device(self, number: int) -> Device:
        handle = self.number("cuDeviceGet", number)
        name, uuid, memory = ctypes.create_string_buffer(256), ctypes.create_string_buffer(16), ctypes.c_size_t()
        self.call("cuDeviceGetName", name, len(name), handle)
        self.call("cuDeviceGetUuid", uuid, handle)
        self.call("cuDeviceTotalMem_v2", ctypes.byref(memory), handle)
        major = self.number("cuDeviceGetAttribute", _MULTIPROCESSOR_MAJOR, handle)
        minor = self.number("cuDeviceGetAttribute", _MULTIPROCESSOR_MINOR, handle)
        return Device(number, name.value.decode("utf-8", "replace"), uuid.raw.hex(), memory.value, major * 10 + minor)


@lru_cache(maxsize=None)
def _errors() -> Dict[str, List[str]]:
    errors = json.loads(ERRORS.read_text(encoding="utf-8"))["errors"]
    return dict(errors)


def _describe(code: int) -> str:
    """The name and meaning of a code, and a problem of /dev/nvidia-uvm."""
    name, meaning = _errors().get(str(code), ("", "the CUDA documentation's CUresult has its meaning"))
    text = f" ({name}): {meaning}" if name else f": {meaning}"
    return "; ".join([text, *_uvm_problems()])


def _uvm_problems() -> List[str]:
    """Problems of the device that CUDA's memory management needs.

    As root the driver creates a missing device file itself, but the container needs the permission to open it.
    """
    try:
        os.close(os.open(UVM, os.O_RDWR))
    except FileNotFoundError:
        return [f"{UVM} is missing"]
    except OSError as error:
        return [f"{UVM} cannot be opened here ({error.strerror}): this container does not have the device"]
    return []


def explain(text: str) -> str:
    """A library's message, with the meaning of the error code that it contains."""
    match = _IN_TEXT.search(text)
    if match and match[1] in _errors():
        return f"{text}: {_errors()[match[1]][1]}"
    if "out of memory" in text:
        return f"{text}: {_errors()['2'][1]}"
    return text
