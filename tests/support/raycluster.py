"""A Ray cluster that compose started, and what it says of itself."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from pytest_docker.plugin import DockerComposeExecutor, Services, get_docker_services

# A free port for the dashboard, whatever else runs on this machine.
_COMPOSE = "env DASHBOARD_PORT= docker compose"


@dataclass(frozen=True, kw_only=True)
class RayCluster:
    """A compose project of `raydock deploy docker`, driven by `docker compose`."""

    files: Sequence[Path]
    project: str
    services: Services

    def compose(self, words: str) -> str:
        """What a compose command said; an exception where it failed."""
        executor = DockerComposeExecutor(_COMPOSE, [str(file) for file in self.files], self.project)
        return bytes(executor.execute(words)).decode()

    def run(self, service: str, *command: str, seconds: float = 120) -> "subprocess.CompletedProcess[str]":
        """A command's answer in a node."""
        with self.started(service, *command) as process:
            out, err = process.communicate(timeout=seconds)
            return subprocess.CompletedProcess(command, process.returncode, out, err)

    @contextmanager
    def started(self, service: str, *command: str) -> Iterator["subprocess.Popen[str]"]:
        """A command that runs in a node meanwhile."""
        words = ["docker", "exec", f"{self.project}-{service}-1", *command]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def nodes(self) -> list[dict[str, Any]]:
        """Every node that the head knows, dead or alive; none where it does not answer."""
        try:
            address = self.compose("port head 8265").strip()
            return nodes_in(requests.get(f"http://{address}/api/v0/nodes", timeout=5).json())
        except (requests.RequestException, ValueError):
            return []

    def await_alive(self, count: int, seconds: float) -> float:
        """The seconds until exactly `count` nodes are alive."""
        return until(lambda: sum(node["state"] == "ALIVE" for node in self.nodes()) == count, seconds)


def nodes_in(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes in an answer of /api/v0/nodes."""
    found: list[dict[str, Any]] = document["data"]["result"]["result"]
    return found


def until(condition: Callable[[], bool], seconds: float) -> float:
    """The seconds until something holds; an AssertionError where it takes longer than `seconds`."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(0.2)
    return time.monotonic() - began


@contextmanager
def ray_cluster(*files: Path) -> Iterator[RayCluster]:
    """The cluster of compose files, up and healthy; gone afterwards."""
    project = f"raydock-test-{uuid4().hex[:8]}"
    names = [str(file) for file in files]
    with get_docker_services(_COMPOSE, names, project, [], ["down --volumes --timeout 1"]) as services:
        cluster = RayCluster(files=files, project=project, services=services)
        cluster.compose("up --wait")
        yield cluster
