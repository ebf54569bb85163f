"""A Ray cluster started by compose, and its state."""

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

# Use a free port for the dashboard.
_COMPOSE = "env DASHBOARD_PORT= docker compose"


@dataclass(frozen=True, kw_only=True)
class RayCluster:
    """A compose project of `raydock deploy docker`, run by `docker compose`.

    Attributes:
        files: its compose files.
        project: its project name.
        services: its services, from pytest-docker.
    """

    files: Sequence[Path]
    project: str
    services: Services

    def compose(self, arguments: str) -> str:
        """Run a compose command and return its output. Raises an exception if it fails."""
        executor = DockerComposeExecutor(_COMPOSE, [str(file) for file in self.files], self.project)
        return bytes(executor.execute(arguments)).decode()

    def run(self, service: str, *command: str, seconds: float = 120) -> "subprocess.CompletedProcess[str]":
        """Run a command in a node."""
        with self.started(service, *command) as process:
            out, err = process.communicate(timeout=seconds)
            return subprocess.CompletedProcess(command, process.returncode, out, err)

    @contextmanager
    def started(self, service: str, *command: str) -> Iterator["subprocess.Popen[str]"]:
        """Start a command in a node, and kill it afterwards."""
        docker_exec = ["docker", "exec", f"{self.project}-{service}-1", *command]
        with subprocess.Popen(docker_exec, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def get(self, path: str, headers: dict[str, str] | None = None) -> requests.Response:
        """Send a request to the head's dashboard, by default with the cluster's token."""
        address = self.compose("port head 8265").strip()
        token = headers_with_token(self.files[0].parent) if headers is None else headers
        return requests.get(f"http://{address}{path}", headers=token, timeout=5)

    def nodes(self) -> list[dict[str, Any]]:
        """Return every node that the head knows, dead or alive; empty if the head does not answer."""
        try:
            return nodes_in(self.get("/api/v0/nodes").json())
        except (requests.RequestException, ValueError):
            return []

    def await_alive(self, count: int, seconds: float) -> float:
        """Wait until exactly `count` nodes are alive and return the seconds."""
        return until(lambda: sum(node["state"] == "ALIVE" for node in self.nodes()) == count, seconds)


def headers_with_token(folder: Path) -> dict[str, str]:
    """Return the headers of a request with the token that `deploy docker` wrote into a folder."""
    return {"Authorization": f"Bearer {(folder / 'auth-token').read_text()}"}


def nodes_in(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the nodes in an answer of /api/v0/nodes."""
    nodes: list[dict[str, Any]] = document["data"]["result"]["result"]
    return nodes


def until(condition: Callable[[], bool], seconds: float) -> float:
    """Wait until a condition is true and return the seconds. Raises AssertionError after `seconds`."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(0.2)
    return time.monotonic() - began


@contextmanager
def ray_cluster(*files: Path) -> Iterator[RayCluster]:
    """Run the cluster of compose files until it is healthy; remove it afterwards."""
    project = f"raydock-test-{uuid4().hex[:8]}"
    names = [str(file) for file in files]
    with get_docker_services(_COMPOSE, names, project, [], ["down --volumes --timeout 1"]) as services:
        cluster = RayCluster(files=files, project=project, services=services)
        cluster.compose("up --wait")
        yield cluster
