"""Hosts of one network on this machine: each has its own network namespace, address and Docker engine."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import docker
import pytest
from docker.models.containers import Container

from tests.support.engine import SpareEngine


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host: its commands run in its network and use its engine by DOCKER_HOST.

    Attributes:
        address: its IP address.
        engine: its Docker engine.
    """

    address: str
    engine: SpareEngine

    def run(self, *command: str, seconds: float = 200, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command on the host; `more` are environment variables."""
        environment = {**os.environ, "DOCKER_HOST": self.engine.host, **more}
        return subprocess.run(
            [*self.engine.enter, *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> str:
        """Send a GET from the host and return the answer; empty if it fails. A minimal Debian does not have curl."""
        script = (
            "import json, sys, urllib.request as web;"
            " request = web.Request(sys.argv[1], headers=json.loads(sys.argv[2]));"
            " print(web.urlopen(request, timeout=10).read().decode())"
        )
        done = self.run(sys.executable, "-c", script, url, json.dumps(headers or {}))
        return done.stdout if done.returncode == 0 else ""


@contextmanager
def hosts(client: docker.DockerClient, image: str, count: int, folder: Path) -> Iterator[list[Host]]:
    """Start hosts that have an image, copied by docker save and docker load under its tag.

    Skips the test if this machine cannot start engines.
    """
    with empty_hosts(client, image, count, folder) as started:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda host: host.engine.load(client.images.get(image).save(named=image)), started))
        yield started


@contextmanager
def empty_hosts(client: docker.DockerClient, image: str, count: int, folder: Path) -> Iterator[list[Host]]:
    """Start hosts without images; `image` is an image of the first engine with `sleep`. Skips as above."""
    if os.geteuid() or not shutil.which("dockerd"):
        pytest.skip("hosts with their own engines need root and dockerd on this machine")
    name = f"raydock-hosts-{uuid4().hex[:8]}"
    with ExitStack() as stack:
        network = client.networks.create(name)
        stack.callback(network.remove)
        yield [_started(stack, _host(stack, client, image, name, folder / str(number))) for number in range(count)]


def _host(stack: ExitStack, client: docker.DockerClient, image: str, network: str, folder: Path) -> Host:
    """Create a host: a network namespace that a sleeping container of the first engine keeps open."""
    (folder / "data").mkdir(parents=True)
    (folder / "tmp").mkdir()
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    holder: Container = client.containers.run(image, ["sleep", "infinity"], detach=True, network=network)
    stack.callback(holder.remove, force=True)
    holder.reload()
    attrs = holder.attrs
    enter = ("nsenter", f"--net=/proc/{attrs['State']['Pid']}/ns/net")
    engine = SpareEngine(folder=folder, data=folder / "data", bridge="none", enter=enter)
    return Host(address=str(attrs["NetworkSettings"]["Networks"][network]["IPAddress"]), engine=engine)


def _started(stack: ExitStack, host: Host) -> Host:
    stack.callback(host.engine.stop)
    host.engine.start()
    return host
