"""The checks, in the order in which they are asked, each with its time limit."""

from dataclasses import dataclass
from typing import Callable, Tuple

from . import cluster, gpu, libraries, packages, session
from .image import Image


@dataclass(frozen=True)
class Question:
    """A check's id, what asks it, and its limit in seconds: many times what it takes on two slow cores."""

    id: str
    ask: Callable[[Image], str]
    limit: float


QUESTIONS = (
    Question("shells", session.shells, 60),
    Question("user", session.user, 10),
    Question("versions", packages.versions, 180),
    Question("lock", packages.lock, 90),
    Question("imports", packages.imports, 180),
    Question("libs", libraries.libs, 120),
    Question("ray", cluster.ray, 120),
    Question("gpu", gpu.gpu, 180),
)


def questions(cuda: str) -> Tuple[Question, ...]:
    """The checks of a variant with that value on the CUDA axis: one for CPU has none that needs a GPU."""
    return tuple(question for question in QUESTIONS if question.id != "gpu" or cuda != "cpu")
