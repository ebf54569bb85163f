"""The checks, in the order in which they run, each with its time limit."""

from dataclasses import dataclass
from typing import Callable, Mapping, Tuple, Union

from . import cluster, compiler, downloads, libraries, packages, rdma, session
from .answer import ProbeFinding
from .gpu.driver_level import driver_level
from .gpu.nccl_level import nccl_level
from .gpu.ray_level import ray_level
from .gpu.torch_level import torch_level
from .gpu.triton_level import triton_level
from .gpu.vllm_level import vllm_level
from .image import Image, has


@dataclass(frozen=True)
class ProbeCheck:
    """A check of an image.

    Attributes:
        id: its name in reports and options.
        run: the function that runs it.
        limit: its time limit in seconds, many times what it takes on two slow cores.
        parts: the parts that a variant must have, such as `torch`; others do not have this check.
        after: the id of the check that must pass before this one can run.
        process: the name of the process that runs it, if it shares one with the checks next to it.
    """

    id: str
    run: Callable[[Image], Union[str, ProbeFinding]]
    limit: float
    parts: Tuple[str, ...] = ()
    after: str = ""
    process: str = ""


IMAGE = (
    ProbeCheck("ray", cluster.ray, 120),  # first, because raydock measures when a head answers in a new container
    ProbeCheck("shells", session.shells, 60),
    ProbeCheck("user", session.user, 10),
    ProbeCheck("versions", packages.versions, 180, process="imports"),
    ProbeCheck("imports", packages.imports, 180, process="imports"),
    ProbeCheck("lock", packages.lock, 90),
    ProbeCheck("libs", libraries.libs, 120),
    ProbeCheck("rdma", rdma.rdma, 30, ("cuda",)),
    ProbeCheck("compiler", compiler.compiler, 900, ("cuda", "torch")),
    ProbeCheck("downloads", downloads.downloads, 300, ("vllm",)),
)
DRIVER = ProbeCheck("gpu-driver", driver_level, 60, ("cuda",))
GPU = (
    DRIVER,
    ProbeCheck("gpu-torch", torch_level, 180, ("cuda", "torch"), DRIVER.id),
    ProbeCheck("gpu-triton", triton_level, 120, ("cuda", "triton"), DRIVER.id),
    ProbeCheck("gpu-nccl", nccl_level, 180, ("cuda", "torch"), DRIVER.id),
    ProbeCheck("gpu-ray", ray_level, 120, ("cuda", "ray"), DRIVER.id),
    ProbeCheck("gpu-vllm", vllm_level, 1500, ("cuda", "vllm"), DRIVER.id),
)
CHECKS = (*IMAGE, *GPU)


def checks_of_variant(axes: Mapping[str, str]) -> Tuple[ProbeCheck, ...]:
    """The checks of a variant with these values on its axes."""
    return tuple(check for check in CHECKS if all(has(axes, part) for part in check.parts))


def checks_of_image(image: Image) -> Tuple[ProbeCheck, ...]:
    """The checks of an image.

    A foreign image has the driver's check and those that need a GPU.
    """
    if not image.foreign:
        return checks_of_variant(image.axes)
    return (DRIVER, *(check for check in checks_of_variant(image.axes) if check in GPU and check != DRIVER))
