"""A vector add on a GPU with the driver alone, which compiles the kernel."""

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
# PTX of an old version for an old GPU: every driver and every later GPU supports it.
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
    """Add two vectors of COUNT random numbers on a GPU, and check every sum.

    Returns the GPU's memory that was in use before, in bytes. Raises CheckError if a sum is wrong, DriverError if a
    call of the driver fails.
    """
    # Multiples of 2**-24 below 1: their sum is exact in double precision, so that rounding it gives what a GPU must.
    left, right = (array("f", [random.getrandbits(24) / 2**24 for _ in range(COUNT)]) for _ in range(2))
    with _context(driver, device):
        used = _used_memory(driver)
        sums = _add_on_gpu(driver, left, right)
    for index, (a, b, result) in enumerate(zip(left, right, sums)):
        expected = ctypes.c_float(a + b).value
        if result != expected:
            raise CheckError(f"GPU {device.number}: element {index} is {result!r}, but {a!r} + {b!r} is {expected!r}")
    return used


@contextmanager
def _context(driver: Driver, device: Device) -> Iterator[None]:
    """Make the device's primary context current within the block."""
    handle = driver.number("cuDeviceGet", device.number)
    context = ctypes.c_void_p()
    driver.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), handle)
    driver.call("cuCtxSetCurrent", context)
    yield
    driver.call("cuDevicePrimaryCtxRelease_v2", handle)


def _used_memory(driver: Driver) -> int:
    """The bytes of the current GPU's memory that are in use."""
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    driver.call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
    return total.value - free.value


def _add_on_gpu(driver: Driver, left: "array[float]", right: "array[float]") -> "array[float]":
    module, kernel = ctypes.c_void_p(), ctypes.c_void_p()
    driver.call("cuModuleLoadData", ctypes.byref(module), PTX)
    driver.call("cuModuleGetFunction", ctypes.byref(kernel), module, b"vector_add")
    sums = array("f", bytes(_FLOAT * COUNT))
    buffers = [_allocate(driver) for _ in range(3)]
    for buffer, numbers in zip(buffers, (left, right)):
        driver.call("cuMemcpyHtoD_v2", buffer, *_bytes(numbers))
    _launch(driver, kernel, [*buffers, ctypes.c_uint32(COUNT)])
    driver.call("cuMemcpyDtoH_v2", _bytes(sums)[0], buffers[2], _bytes(sums)[1])
    for buffer in buffers:
        driver.call("cuMemFree_v2", buffer)
    driver.call("cuModuleUnload", module)
    return sums


def _allocate(driver: Driver) -> ctypes.c_uint64:
    buffer = ctypes.c_uint64()
    driver.call("cuMemAlloc_v2", ctypes.byref(buffer), ctypes.c_size_t(_FLOAT * COUNT))
    return buffer


def _bytes(numbers: "array[float]") -> "tuple[ctypes.c_void_p, ctypes.c_size_t]":
    address, count = numbers.buffer_info()
    return ctypes.c_void_p(address), ctypes.c_size_t(count * _FLOAT)


def _launch(driver: Driver, kernel: ctypes.c_void_p, arguments: "List[ctypes._SimpleCData[int]]") -> None:
    """Run the kernel over COUNT elements, and wait for it."""
    pointers = (ctypes.c_void_p * len(arguments))(*(ctypes.addressof(argument) for argument in arguments))
    grid, block = (COUNT // _BLOCK, 1, 1), (_BLOCK, 1, 1)
    driver.call("cuLaunchKernel", kernel, *grid, *block, 0, None, pointers, None)
    driver.call("cuCtxSynchronize")
