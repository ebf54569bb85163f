"""The check `gpu-nccl`: an all-reduce over all GPUs, a process each; sums checked, bandwidth measured."""

import os
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, Dict, List, Tuple

from ..answer import CheckError, ProbeFinding, SkipError
from ..image import Image
from ..process import gather, script
from ..rdma import ports
from . import transport
from .cuda import explain

RANK = Path(__file__).with_name("nccl_rank.py")


def nccl_level(image: Image) -> ProbeFinding:
    """Every GPU's sums of an all-reduce are right; with two or more, how fast it was; the transport that NCCL chose."""
    del image
    torch: Any = import_module("torch")
    if not torch.distributed.is_nccl_available():
        raise SkipError("torch is built without NCCL")
    found, chosen = _all_reduce(torch.cuda.device_count())
    world, first = len(found), found[0]
    wrong = [f"rank {rank}: {each['wrong']} sums" for rank, each in enumerate(found) if each["wrong"]]
    if wrong:
        raise CheckError(f"an all-reduce over {world} GPUs is wrong: {', '.join(wrong)}")
    version = ".".join(map(str, first["nccl"]))
    over = f"{world} GPUs" if world > 1 else "1 GPU"
    words = f"NCCL {version}, all-reduce of {first['bytes'] / 2**20:.0f} MiB over {over}: sums are right"
    words += f", {bus_bandwidth(found):.0f} GB/s on the bus" if world > 1 else " (one GPU: no bus to measure)"
    unused = chosen.unused(ports())
    return ProbeFinding(f"{words}; {chosen.words}", (unused,) if unused else ())


def bus_bandwidth(found: "List[Dict[str, Any]]") -> float:
    """GB/s over the links of the slowest: bytes over time, times 2 (n - 1) / n (NVIDIA, nccl-tests, PERFORMANCE.md)."""
    world = len(found)
    slowest = max(each["seconds"] for each in found)
    return float(found[0]["bytes"] / slowest * 2 * (world - 1) / world / 1e9)


def _all_reduce(world: int) -> "Tuple[List[Dict[str, Any]], transport.NcclTransport]":
    """What each of `world` processes answers, and the transport. Raises CheckError, with its output, if one fails."""
    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        # On one host, and in a container that may have no network but lo.
        environment = {"NCCL_SOCKET_IFNAME": "lo", **os.environ, "NCCL_DEBUG": "INFO", "NCCL_DEBUG_SUBSYS": "INIT,NET"}
        environment["NCCL_DEBUG_FILE"] = f"{folder}/nccl.log.%p"
        meeting = f"{folder}/meeting"
        ranks = [
            script(f"all-reduce, rank {rank}", RANK, str(rank), str(world), meeting, env=environment)
            for rank in range(world)
        ]
        try:
            answers = gather(ranks)
        except CheckError as error:
            raise CheckError(explain(str(error))) from None
        logs = (path.read_text(encoding="utf-8", errors="replace") for path in sorted(Path(folder).glob("nccl.log.*")))
        return answers, transport.read("\n".join(logs))
