"""A kernel for Triton, which reads a kernel's text from its file."""

import torch  # type: ignore[import-not-found]
import triton  # type: ignore[import-not-found]
import triton.language as tl  # type: ignore[import-not-found]

COUNT = 100_003  # no multiple of the block: the mask has work to do
_BLOCK = 1024


@triton.jit  # type: ignore[untyped-decorator]
def _twice_and_add(left, right, sums, count, block: tl.constexpr):  # type: ignore[no-untyped-def]
    places = tl.program_id(0) * block + tl.arange(0, block)
    inside = places < count
    doubled = tl.load(left + places, mask=inside) * 2
    tl.store(sums + places, doubled + tl.load(right + places, mask=inside), mask=inside)


def wrong(device: str) -> int:
    """Runs the kernel on random whole numbers; how many of its COUNT results are not what torch finds on the CPU."""
    left, right = (torch.randint(-(2**30), 2**30, (COUNT,)).to(torch.int64) for _ in range(2))
    sums = torch.zeros(COUNT, dtype=torch.int64, device=device)
    with torch.cuda.device(device):
        _twice_and_add[(triton.cdiv(COUNT, _BLOCK),)](left.to(device), right.to(device), sums, COUNT, block=_BLOCK)
    return int((sums.cpu() != left * 2 + right).sum())
