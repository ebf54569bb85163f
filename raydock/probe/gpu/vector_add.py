"""Adds two vectors on a GPU with nothing but the driver, which compiles the kernel; checked element by element."""

import ctypes
import random
from array import array
from contextlib import contextmanager
from typing import Iterator, List

from ..answer import CheckError
from .cuda import Device, Driver

COUNT = 1 << 18
_BLOCK = 256
_FLOAT = 4
# PTX of an old version for an old GPU: every driver and every later GPU takes it.
PTX = b"""
.version 6.0
.target sm_50
.address_size 64

.visible .entry vector_add(.param .u64 left, .param .u64 right, .param .u64 sums, .param .u32 count)
{
    .reg .pred %over;
    .reg .b32 %index, %size, %thread, %limit;
    .reg .b64 %offset, %from_left, %from_right, %to;
    .reg .f32 %a, %b;

    mov.u32 %index, %ctaid.x;
    mov.u32 %size, %ntid.x;
    mov.u32 %thread, %tid.x;
    mad.lo.u32 %index, %index, %size, %thread;
    ld.param.u32 %limit, [count];
    setp.ge.u32 %over, %index, %limit;
    @%over ret;
    mul.wide.u32 %offset, %index, 4;
    ld.param.u64 %from_left, [left];
    ld.param.u64 %from_right, [right];
    ld.param.u64 %to, [sums];
    add.u64 %from_left, %from_left, %offset;
    add.u64 %from_right, %from_right, %offset;
    add.u64 %to, %to, %offset;
    ld.global.f32 %a, [%from_left];
    ld.global.f32 %b, [%from_right];
    add.f32 %a, %a, %b;
    st.global.f32 [%to], %a;
    ret;
}
\0"""


def vector_add(driver: Driver, device: Device) -> int:
    """Adds COUNT random numbers to others on a GPU; returns its memory in bytes that somebody held before.

    Raises CheckError where a sum is wrong, DriverError where the driver refuses.
    """
    # Multiples of 2**-24 below 1: their sum is exact in double precision, so that rounding it gives what a GPU must.
    left, right = (array("f", [random.getrandbits(24) / 2**24 for _ in range(COUNT)]) for _ in range(2))
    with _context(driver, device):
        held = _held(driver)
        sums = _on_gpu(driver, left, right)
    for index, (a, b, found) in enumerate(zip(left, right, sums)):
        wanted = ctypes.c_float(a + b).value
        if found != wanted:
            raise CheckError(f"GPU {device.number}: element {index} is {found!r}, but {a!r} + {b!r} is {wanted!r}")
    return held


@contextmanager
def _context(driver: Driver, device: Device) -> Iterator[None]:
    """The device's primary context, current within the block."""
    handle = driver.number("cuDeviceGet", device.number)
    context = ctypes.c_void_p()
    driver.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), handle)
    driver.call("cuCtxSetCurrent", context)
    yield
    driver.call("cuDevicePrimaryCtxRelease_v2", handle)


def _held(driver: Driver) -> int:
    """Bytes of the current GPU's memory that are not free."""
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    driver.call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
    return total.value - free.value


def _on_gpu(driver: Driver, left: "array[float]", right: "array[float]") -> "array[float]":
    module, kernel = ctypes.c_void_p(), ctypes.c_void_p()
    driver.call("cuModuleLoadData", ctypes.byref(module), PTX)
    driver.call("cuModuleGetFunction", ctypes.byref(kernel), module, b"vector_add")
    sums = array("f", bytes(_FLOAT * COUNT))
    places = [_allocate(driver) for _ in range(3)]
    for place, numbers in zip(places, (left, right)):
        driver.call("cuMemcpyHtoD_v2", place, *_bytes(numbers))
    _launch(driver, kernel, [*places, ctypes.c_uint32(COUNT)])
    driver.call("cuMemcpyDtoH_v2", _bytes(sums)[0], places[2], _bytes(sums)[1])
    for place in places:
        driver.call("cuMemFree_v2", place)
    driver.call("cuModuleUnload", module)
    return sums


def _allocate(driver: Driver) -> ctypes.c_uint64:
    place = ctypes.c_uint64()
    driver.call("cuMemAlloc_v2", ctypes.byref(place), ctypes.c_size_t(_FLOAT * COUNT))
    return place


def _bytes(numbers: "array[float]") -> "tuple[ctypes.c_void_p, ctypes.c_size_t]":
    address, count = numbers.buffer_info()
    return ctypes.c_void_p(address), ctypes.c_size_t(count * _FLOAT)


def _launch(driver: Driver, kernel: ctypes.c_void_p, arguments: "List[ctypes._SimpleCData[int]]") -> None:
    """Runs the kernel over COUNT elements and waits for it."""
    pointers = (ctypes.c_void_p * len(arguments))(*(ctypes.addressof(each) for each in arguments))
    grid, block = (COUNT // _BLOCK, 1, 1), (_BLOCK, 1, 1)
    driver.call("cuLaunchKernel", kernel, *grid, *block, 0, None, pointers, None)
    driver.call("cuCtxSynchronize")
