"""An image registry on loopback for the length of a bench: Debian's docker-registry, as a process."""

import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import requests

from raydock.errors import OutOfReachError

PACKAGE = "docker-registry"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {storage}}}}}
http: {{addr: "{address}"}}
"""
_INSTALLED = re.compile(r"place-tree (\S+)")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer as pushed: its name (`ray`, or the first words of the step that made it), digest and bytes."""

    name: str
    digest: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A registry that serves; `storage` is the folder with all that it holds."""

    address: str
    storage: Path

    def push(self, client: docker.DockerClient, image: str, name: str) -> tuple[Layer, ...]:
        """Pushes a local image as the tag `name`, whose layers it returns, base first."""
        repository = f"{self.address}/bench"
        client.images.get(image).tag(repository, name)
        try:
            for line in client.api.push(repository, tag=name, stream=True, decode=True):
                if "error" in line:
                    raise OutOfReachError(f"pushing {image} failed: {line['error']}.", todo="look at the disk.")
        finally:
            client.images.remove(f"{repository}:{name}")
        return self._layers(name)

    @property
    def bytes(self) -> int:
        """What it holds, in bytes."""
        return sum(path.stat().st_size for path in self.storage.rglob("data") if path.is_file())

    def _layers(self, name: str) -> tuple[Layer, ...]:
        manifest = self._get(f"manifests/{name}")
        history = self._get(f"blobs/{manifest['config']['digest']}")["history"]
        steps = [item.get("created_by", "") for item in history if not item.get("empty_layer")]
        return tuple(
            Layer(name=_name(step), digest=item["digest"], size=item["size"])
            for step, item in zip(steps, manifest["layers"], strict=True)
        )

    def _get(self, path: str) -> dict[str, Any]:
        answer = requests.get(f"http://{self.address}/v2/bench/{path}", headers={"Accept": MANIFEST}, timeout=60)
        answer.raise_for_status()
        return dict(answer.json())


@contextmanager
def registry(folder: Path, tools: Path) -> Iterator[Registry]:
    """A registry with its storage in `folder`, which is emptied afterwards.

    Raises OutOfReachError where there is no docker-registry on PATH and apt cannot bring one into `tools`.
    """
    storage = folder / "registry"
    storage.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    config = folder / "registry.yml"
    config.write_text(_CONFIG.format(storage=storage, address=address), encoding="utf-8")
    log = (folder / "registry.log").open("wb")
    process = subprocess.Popen([_program(tools), "serve", str(config)], stdout=log, stderr=log)
    try:
        _await(address, process)
        yield Registry(address=address, storage=storage)
    finally:
        process.terminate()
        process.wait()
        log.close()
        shutil.rmtree(storage)


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        try:
            requests.get(f"http://{address}/v2/", timeout=2).raise_for_status()
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise OutOfReachError(f"no registry came up at {address}.", todo=f"run `{PACKAGE} serve` by hand to see why.")


def _program(tools: Path) -> str:
    """docker-registry from PATH, or unpacked from Debian's package without installing it."""
    unpacked = tools / PACKAGE
    if found := shutil.which(PACKAGE):
        return found
    if not unpacked.exists():
        tools.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=tools) as name:
            done = subprocess.run(["apt-get", "download", "-qq", PACKAGE], cwd=name, capture_output=True, check=False)
            packages = list(Path(name).glob("*.deb"))
            if done.returncode or not packages:
                raise OutOfReachError(f"{PACKAGE} is not here.", todo=f"`apt-get update`, or install {PACKAGE}.")
            subprocess.run(["dpkg", "--extract", packages[0], f"{name}/root"], check=True)
            Path(name, "root/usr/bin", PACKAGE).replace(unpacked)
    return str(unpacked)


def _name(step: str) -> str:
    found = _INSTALLED.search(step)
    return found[1] if found else " ".join(step.split()[:3])
