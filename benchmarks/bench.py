"""A bench and its settings."""

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
    """Settings of a run of a bench on this checkout.

    Attributes:
        folder: an empty folder for the bench.
        runs: how often each way is measured.
        progress: prints a progress line.
        detail: further results, which are stored with the figures.
    """

    folder: Path
    runs: int
    progress: Callable[[str], None]
    detail: dict[str, object] = field(default_factory=dict)

    @cached_property
    def client(self) -> docker.DockerClient:
        """The engine's client. Raises OutOfReachError if no engine answers."""
        return connect()

    @cached_property
    def project(self) -> Project:
        return Project(Checkout(ROOT))

    @property
    def tools(self) -> Path:
        """The folder in which programs are kept between benches."""
        return RESULTS / "tools"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A bench of the catalogue.

    Attributes:
        name: its name on the command line.
        summary: what it measures, in one line.
        minutes: its duration on two cores.
        disk: the disk space that it needs.
        run: the function that returns its figures.
    """

    name: str
    summary: str
    minutes: int
    disk: str
    run: Callable[[Setting], Sequence[Figure]]
