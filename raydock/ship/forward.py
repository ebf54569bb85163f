"""CUDA's forward compatibility: a newer CUDA on an older driver, where NVIDIA supports it. Offered, never assumed."""

from collections.abc import Sequence

from raydock.plan.runs import code_for, older, own_driver
from raydock.ship.candidate import Candidate
from raydock.ship.gpus import known
from raydock.ship.host import Host


def hint(rejected: Sequence[Candidate], hosts: Sequence[Host]) -> tuple[str, ...]:
    """How the newest of the rejected candidates (newest first) could run with a cuda-compat package; empty if none can.

    Valid on data-centre GPUs for which the image holds code, with a driver of a branch that NVIDIA supports as a target
    and that is older than the toolkit's own (NVIDIA, CUDA Compatibility, forward compatibility).
    """
    best = next((item for item in rejected if all(_valid(item, host) for host in hosts)), None)
    if best is None:
        return ()
    cuda, branches = best.variant.cuda, sorted({str(_branch(host.driver)) for host in hosts})
    return (
        f"{best.name} runs on these data-centre GPUs with driver {', '.join(branches)} by forward compatibility: "
        f"cuda-compat-{cuda.replace('.', '-')} on the host, its folder /usr/local/cuda-{cuda}/compat mounted into the "
        f"container and first in LD_LIBRARY_PATH (no OpenGL or Vulkan interop). "
        f"A driver >= {best.min_driver} needs none of it",
    )


def _valid(item: Candidate, host: Host) -> bool:
    own, names = own_driver(item.variant.cuda), known()
    return (
        bool(own)
        and bool(host.gpus)
        and older(host.driver, item.min_driver)
        and _branch(host.driver) in names.branches
        and _branch(host.driver) < _branch(own)
        and all(names.is_data_centre(gpu.name) and code_for(item.sm, gpu.sm) for gpu in host.gpus)
    )


def _branch(driver: str) -> int:
    return int(driver.split(".", maxsplit=1)[0])
