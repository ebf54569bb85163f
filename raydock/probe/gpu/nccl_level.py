"""The check `gpu-nccl`: an all-reduce over all GPUs, with one process for each."""

import os
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, Dict, List, Tuple

from ..answer import CheckError, ProbeFinding, SkipError
from ..image import Image
from ..process import gather, start_script
from ..rdma import ports
from . import transport
from .cuda import explain

RANK = Path(__file__).with_name("nccl_rank.py")


def nccl_level(image: Image) -> ProbeFinding:
    """Check an all-reduce on every GPU, and measure it on two or more.

    The result also names the transport that NCCL chose.
    """
    del image
    torch: Any = import_module("torch")
    if not torch.distributed.is_nccl_available():
        raise SkipError("torch is built without NCCL")
    answers, chosen = _all_reduce(torch.cuda.device_count())
    world, first = len(answers), answers[0]
    wrong = [f"rank {rank}: {answer['wrong']} sums" for rank, answer in enumerate(answers) if answer["wrong"]]
    if wrong:
        raise CheckError(f"an all-reduce over {world} GPUs is wrong: {', '.join(wrong)}")
    version = ".".join(map(str, first["nccl"]))
    over = f"{world} GPUs" if world > 1 else "1 GPU"
    summary = f"NCCL {version}, all-reduce of {first['bytes'] / 2**20:.0f} MiB over {over}: sums are correct"
    summary += f", {bus_bandwidth(answers):.0f} GB/s on the bus" if world > 1 else " (one GPU: no bus to measure)"
    unused = chosen.unused(ports())
    return ProbeFinding(f"{summary}; {chosen.text}", (unused,) if unused else ())


def bus_bandwidth(answers: "List[Dict[str, Any]]") -> float:
    """The bus bandwidth of the slowest rank in GB/s.

    It is bytes over time, times 2 (n - 1) / n.

    Source: NVIDIA, nccl-tests, PERFORMANCE.md.
    """
    world = len(answers)
    slowest = max(answer["seconds"] for answer in answers)
    return float(answers[0]["bytes"] / slowest * 2 * (world - 1) / world / 1e9)


def _all_reduce(world: int) -> "Tuple[List[Dict[str, Any]], transport.NcclTransport]":
    """The answers of `world` processes, and the transport.

    Raises CheckError, with its output, if a process fails.
    """
    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        # All processes are on one host, in a container that may have only the network lo.
        environment = {"NCCL_SOCKET_IFNAME": "lo", **os.environ, "NCCL_DEBUG": "INFO", "NCCL_DEBUG_SUBSYS": "INIT,NET"}
        environment["NCCL_DEBUG_FILE"] = f"{folder}/nccl.log.%p"
        rendezvous = f"{folder}/rendezvous"
        ranks = [
            start_script(f"all-reduce, rank {rank}", RANK, str(rank), str(world), rendezvous, env=environment)
            for rank in range(world)
        ]
        try:
            answers = gather(ranks)
        except CheckError as error:
            raise CheckError(explain(str(error))) from None
        logs = (path.read_text(encoding="utf-8", errors="replace") for path in sorted(Path(folder).glob("nccl.log.*")))
        return answers, transport.read("\n".join(logs))
