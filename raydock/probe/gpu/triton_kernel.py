"""A kernel for Triton, which reads a kernel's source from its file."""

import torch  # type: ignore[import-not-found]
import triton  # type: ignore[import-not-found]
import triton.language as tl  # type: ignore[import-not-found]

COUNT = 100_003  # not a multiple of the block, so that the mask is used
_BLOCK = 1024


@triton.jit  # type: ignore[untyped-decorator]
def _twice_and_add(left, right, sums, count, block: tl.constexpr):  # type: ignore[no-untyped-def]
    offsets = tl.program_id(0) * block + tl.arange(0, block)
    inside = offsets < count
    doubled = tl.load(left + offsets, mask=inside) * 2
    tl.store(sums + offsets, doubled + tl.load(right + offsets, mask=inside), mask=inside)


def count_wrong(device: str) -> int:
    """Run the kernel on random integers, and count the wrong results.

    Right are the results of the CPU.

    Returns how many of its COUNT results differ from the CPU's.
    """
    left, right = (torch.randint(-(2**30), 2**30, (COUNT,)).to(torch.int64) for _ in range(2))
    sums = torch.zeros(COUNT, dtype=torch.int64, device=device)
    with torch.cuda.device(device):
        _twice_and_add[(triton.cdiv(COUNT, _BLOCK),)](left.to(device), right.to(device), sums, COUNT, block=_BLOCK)
    return int((sums.cpu() != left * 2 + right).sum())
