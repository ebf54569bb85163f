"""How fast a GPU copies memory and multiplies matrices."""

from typing import Any, Callable, List

from .cards import GpuPeaks, Rate
from .products import AMPERE, precision

COPY_BYTES = 2**30
SIZE = 8192
# Memory that a measurement takes, in bytes: two buffers or three matrices, and what torch and cuBLAS use.
NEEDED = 3 * 2**30
_WARM, _TIMED = 3, 10


def measure(torch: Any, device: str, sm: int, card: GpuPeaks) -> List[Rate]:
    """Measure the rates of a device ("cuda:0").

    A copied byte counts twice, as read and as written.
    """
    rates = [Rate("copy", _copy(torch, device), "GB/s", card.memory)]
    if sm >= AMPERE:
        bf16 = _product(torch, device, torch.bfloat16)
        with precision(torch, tf32=True):
            tf32 = _product(torch, device, torch.float32)
        rates += [Rate("bf16", bf16, "TFLOP/s", card.bf16), Rate("tf32", tf32, "TFLOP/s", card.tf32)]
    torch.cuda.empty_cache()
    return rates


def _copy(torch: Any, device: str) -> float:
    source = torch.ones(COPY_BYTES, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * COPY_BYTES / _seconds(torch, device, lambda: target.copy_(source)) / 1e9


def _product(torch: Any, device: str, dtype: Any) -> float:
    left, right = (torch.randn(SIZE, SIZE, device=device).to(dtype) for _ in range(2))
    target = torch.empty_like(left)
    return 2 * SIZE**3 / _seconds(torch, device, lambda: torch.matmul(left, right, out=target)) / 1e12


def _seconds(torch: Any, device: str, work: Callable[[], Any]) -> float:
    """The mean time of `work` on the device, in seconds, after a warm-up."""
    with torch.cuda.device(device):
        for _ in range(_WARM):
            work()
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(_TIMED):
            work()
        end.record()
        torch.cuda.synchronize()
        return float(start.elapsed_time(end)) / 1000 / _TIMED
