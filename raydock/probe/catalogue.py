"""The checks, in the order in which they are asked, each with its time limit."""

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
class Question:
    """A check's id, what asks it, and its limit in seconds: many times what it takes on two slow cores.

    `parts`: what a variant must have for it to be asked; `after`: the check without which it cannot be.
    """

    id: str
    ask: Callable[[Image], Union[str, ProbeFinding]]
    limit: float
    parts: Tuple[str, ...] = ()
    after: str = ""


IMAGE = (
    Question("shells", session.shells, 60),
    Question("user", session.user, 10),
    Question("versions", packages.versions, 180),
    Question("lock", packages.lock, 90),
    Question("imports", packages.imports, 180),
    Question("libs", libraries.libs, 120),
    Question("rdma", rdma.rdma, 30, ("cuda",)),
    Question("ray", cluster.ray, 120),
    Question("compiler", compiler.compiler, 900, ("cuda", "torch")),
    Question("downloads", downloads.downloads, 300, ("vllm",)),
)
DRIVER = Question("gpu-driver", driver_level, 60, ("cuda",))
GPU = (
    DRIVER,
    Question("gpu-torch", torch_level, 180, ("cuda", "torch"), DRIVER.id),
    Question("gpu-triton", triton_level, 120, ("cuda", "triton"), DRIVER.id),
    Question("gpu-nccl", nccl_level, 180, ("cuda", "torch"), DRIVER.id),
    Question("gpu-ray", ray_level, 120, ("cuda", "ray"), DRIVER.id),
    Question("gpu-vllm", vllm_level, 1500, ("cuda", "vllm"), DRIVER.id),
)
QUESTIONS = (*IMAGE, *GPU)


def questions(axes: Mapping[str, str]) -> Tuple[Question, ...]:
    """The checks of a variant with those values on its axes: what it does not have is not asked for."""
    return tuple(question for question in QUESTIONS if all(has(axes, part) for part in question.parts))


def of_image(image: Image) -> Tuple[Question, ...]:
    """The checks of an image; of a stranger's only those that need a GPU, and its driver whatever is in it."""
    if not image.stranger:
        return questions(image.axes)
    return (DRIVER, *(question for question in questions(image.axes) if question in GPU and question != DRIVER))
