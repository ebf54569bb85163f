"""A second Docker engine on this machine, which tests can fill, kill and remove."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import docker
import pytest
import requests
from docker.errors import APIError, ImageNotFound

from raydock.engine.client import EngineClient
from raydock.engine.endpoint import Endpoint


@dataclass(kw_only=True)
class SpareEngine:
    """A dockerd with its own state, which builds with the host's network.

    Attributes:
        folder: the folder with its socket, log and temporary files.
        data: the folder with its images.
        bridge: the name of its network bridge.
        enter: prefix of its command line, such as nsenter; dockerd's namespace is its containers' host network.
        options: further options of dockerd.
        process: the running dockerd.
        environment: variables for commands that use the engine.
        run: the folder of its runtime sockets. containerd refuses a socket path of more than 104 characters.
    """

    folder: Path
    data: Path
    bridge: str
    enter: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    run: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="rd-", dir="/tmp")))

    @property
    def host(self) -> str:
        """Its DOCKER_HOST."""
        return f"unix://{self.folder}/docker.sock"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [
            *self.enter,
            "dockerd",
            f"--data-root={self.data}",
            f"--exec-root={self.run}",
            f"--pidfile={self.folder}/pid",
        ]
        # Its own bridge: without one it would take over the first engine's docker0.
        command += [f"--host={self.host}", f"--bridge={self.bridge}", "--iptables=false", "--ip6tables=false"]
        command += self.options
        with (self.folder / "log").open("ab") as log:
            environment = {**os.environ, "DOCKER_TMPDIR": str(self.folder / "tmp")}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, process_group=0)
        end = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < end, "the second dockerd does not answer"
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill dockerd as in a crash, and wait for its containerd, which the kernel ends with it."""
        assert self.process
        containerd = (self.run / "containerd" / "containerd.pid").read_text()
        self.process.kill()
        self.process.wait()
        end = time.monotonic() + 10
        while Path("/proc", containerd).exists() and time.monotonic() < end:
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop dockerd and all processes that it started, and unmount its folders."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # the process may have ended
                command = path.read_bytes()
                if any(str(folder).encode() in command for folder in (self.folder, self.run)):
                    os.kill(int(path.parent.name), signal.SIGKILL)
        for mount in reversed([*_mounts(self.folder), *_mounts(self.run)]):
            subprocess.run(["umount", "--lazy", mount], check=False)
        shutil.rmtree(self.run, ignore_errors=True)

    def client(self) -> EngineClient:
        return EngineClient(Endpoint(address=self.host, source="the tests"))

    def load(self, images: Iterator[bytes]) -> None:
        """Load a `docker save` stream."""
        client = self.client()
        client.images.load(images)
        client.close()

    def _answers(self) -> bool:
        try:
            client = self.client()
            client.close()
            return bool(client.ping())
        except (docker.errors.DockerException, requests.RequestException):
            return False


@contextmanager
def spare_engine(
    first: docker.DockerClient,
    folder: Path,
    *,
    tmpfs: str = "",
    containerd: bool = False,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[SpareEngine]:
    """Run a second engine in `folder`, with containerd's image store or a graph driver.

    `settings` are further keys of daemon.json. If `tmpfs` is a size such as `300m`, its images are on a tmpfs.
    Skips the test if this machine cannot start it.
    """
    if os.geteuid() or not shutil.which("dockerd"):
        pytest.skip("a second engine needs root and dockerd on this machine")
    data = folder / "data"
    for path in (data, folder / "tmp"):
        path.mkdir()
    name = f"rd-{uuid4().hex[:8]}"
    network = first.networks.create(name, options={"com.docker.network.bridge.name": name})
    features = {"containerd-snapshotter": containerd, **settings.get("features", {})}
    (folder / "daemon.json").write_text(json.dumps({**settings, "features": features}))
    engine = SpareEngine(folder=folder, data=data, bridge=name, options=(f"--config-file={folder}/daemon.json",))
    try:
        if tmpfs:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={tmpfs}", "tmpfs", data], check=True)
        engine.start()
        yield engine
    finally:
        engine.stop()
        network.remove()
        shutil.rmtree(folder, ignore_errors=True)


def _mounts(folder: Path) -> list[str]:
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in points if point.startswith(f"{folder}/")]


def remove_built(client: docker.DockerClient, image: str) -> None:
    """Remove an image that the classic builder made, with the images of its steps.

    containerd's image store keeps these when the image is removed.
    """
    while image:
        try:
            found = client.images.get(image)
        except ImageNotFound:  # removed together with an image that depends on it
            return
        if found.tags:
            return
        image = str(found.attrs.get("Parent") or "")
        try:
            client.images.remove(found.id, force=True)
        except APIError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise
            return  # a different image depends on it, and is removed later
