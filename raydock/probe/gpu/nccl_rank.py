"""Run one process of an all-reduce over NCCL: `nccl_rank.py RANK WORLD FILE`.

The answer has the number of wrong sums, the bytes, the seconds and NCCL's version.
"""

import json
import os
import sys
from pathlib import Path

import torch  # type: ignore[import-not-found]
import torch.distributed as dist  # type: ignore[import-not-found]

LARGEST = 64 * 2**20  # elements of 4 bytes: 256 MiB
WARM, TIMED = 5, 20


def main(rank: int, world: int, rendezvous: str) -> None:
    torch.cuda.set_device(rank)
    dist.init_process_group("nccl", init_method=f"file://{rendezvous}", rank=rank, world_size=world)
    free, _ = torch.cuda.mem_get_info()
    count = min(LARGEST, free // 64)
    numbers = (torch.arange(count, device="cuda") % 1000).float()
    values = numbers + rank
    dist.all_reduce(values)
    wrong = int((values != numbers * world + world * (world - 1) / 2).sum())
    seconds = measure(values)
    dist.destroy_process_group()
    answer = {"wrong": wrong, "bytes": count * 4, "seconds": seconds, "nccl": torch.cuda.nccl.version()}
    Path(os.environ["RAYDOCK_ANSWER"]).write_text(json.dumps(answer))


def measure(values: torch.Tensor) -> float:
    """The mean time of an all-reduce, in seconds."""
    for _ in range(WARM):
        dist.all_reduce(values)
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(TIMED):
        dist.all_reduce(values)
    end.record()
    torch.cuda.synchronize()
    return float(start.elapsed_time(end)) / 1000 / TIMED


main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
