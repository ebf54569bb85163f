"""What a bench is, and what it is given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import docker

from benchmarks.figure import Figure
from raydock.core.checkout import Checkout
from raydock.engine.client import connect
from raydock.pipeline.project import Project

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / ".raydock" / "bench"
CPU = "ray2.60.0-py311-cpu"
TORCH = "ray2.60.0-torch2.13.0-py311-cu130"
VLLM = "ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a bench works with: this checkout, an empty folder of its own, and how often it measures each way.

    What it puts into `detail` is kept beside its figures; `tell` says to the user what goes on.
    """

    folder: Path
    runs: int
    tell: Callable[[str], None]
    detail: dict[str, object] = field(default_factory=dict)

    @cached_property
    def client(self) -> docker.DockerClient:
        """The engine. Raises OutOfReachError where none answers."""
        return connect()

    @cached_property
    def project(self) -> Project:
        return Project(Checkout(ROOT))

    @property
    def tools(self) -> Path:
        """Where programs are kept between benches."""
        return RESULTS / "tools"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A bench: what it compares, what it takes, and the function that makes its figures."""

    name: str
    summary: str
    minutes: int
    disk: str
    run: Callable[[Setting], Sequence[Figure]]
