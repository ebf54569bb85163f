"""The CUDA driver's API by ctypes, and what its errors mean."""

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
    """A call of the driver's API that failed; `code` is its CUresult."""

    def __init__(self, call: str, code: int) -> None:
        super().__init__(f"{call} returned {code}{_named(code)}")
        self.code = code


@dataclass(frozen=True)
class Device:
    """A GPU: its number, name, UUID (32 hexadecimal digits), memory in bytes and compute capability (90 is 9.0)."""

    number: int
    name: str
    uuid: str
    memory: int
    sm: int


class Driver:
    """libcuda.so.1. Raises OSError where it cannot be loaded."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)

    def call(self, name: str, *arguments: object) -> None:
        """Calls a function of the driver API. Raises DriverError where it does not return CUDA_SUCCESS."""
        code = getattr(self._library, name)(*arguments)
        if code:
            raise DriverError(name, code)

    def number(self, name: str, *arguments: object) -> int:
        """The number that a function writes to its first argument."""
        found = ctypes.c_int()
        self.call(name, ctypes.byref(found), *arguments)
        return found.value

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
    found = json.loads(ERRORS.read_text(encoding="utf-8"))["errors"]
    return dict(found)


def _named(code: int) -> str:
    """A code's name and meaning, as words to put behind its number; with what is seen to be missing."""
    name, meaning = _errors().get(str(code), ("", "the CUDA documentation's CUresult says what it means"))
    words = f" ({name}): {meaning}" if name else f": {meaning}"
    return "; ".join([words, *_uvm_trouble()])


def _uvm_trouble() -> List[str]:
    """What is wrong with the device that CUDA's memory needs, if anything is.

    As root the driver makes the device's file itself where it is missing; to open it the container has to be allowed.
    """
    try:
        os.close(os.open(UVM, os.O_RDWR))
    except FileNotFoundError:
        return [f"{UVM} is not there"]
    except OSError as error:
        return [f"{UVM} cannot be opened here ({error.strerror}): it was not given to this container"]
    return []


def explain(text: str) -> str:
    """A library's message with the meaning of the driver's error code that it names, if it names one."""
    match = _IN_TEXT.search(text)
    if match and match[1] in _errors():
        return f"{text}: {_errors()[match[1]][1]}"
    if "out of memory" in text:
        return f"{text}: {_errors()['2'][1]}"
    return text
