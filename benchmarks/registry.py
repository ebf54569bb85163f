"""An image registry on loopback for a bench."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker

from raydock.core.errors import OutOfReachError
from raydock.registry.repository import repository
from tests.support import registry as support

_INSTALLED = re.compile(r"place-tree (\S+)")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A pushed layer.

    Attributes:
        name: the layer's group (`ray`), or the first words of the step that made it.
        digest: its digest in the registry.
        size: its compressed size in bytes.
    """

    name: str
    digest: str
    size: int


class Registry(support.Registry):
    """A registry to which images are pushed."""

    def push(self, client: docker.DockerClient, image: str, name: str) -> tuple[Layer, ...]:
        """Push a local image as the tag `name` and return its layers, base first."""
        path = f"{self.address}/bench"
        client.images.get(image).tag(path, name)
        try:
            for line in client.api.push(path, tag=name, stream=True, decode=True):
                if "error" in line:
                    raise OutOfReachError(
                        f"pushing {image} failed: {line['error']}.", todo="check the free disk space."
                    )
        finally:
            client.images.remove(f"{path}:{name}")
        return self._layers(name)

    def _layers(self, name: str) -> tuple[Layer, ...]:
        bench = repository(f"{self.address}/bench")
        manifest = bench.manifest(name)
        assert manifest
        config, *layers = manifest.parts
        history = json.loads(bench.blob(config.digest))["history"]
        steps = [entry.get("created_by", "") for entry in history if not entry.get("empty_layer")]
        return tuple(
            Layer(name=_name(step), digest=layer.digest, size=layer.size)
            for step, layer in zip(steps, layers, strict=True)
        )


@contextmanager
def registry(folder: Path, tools: Path) -> Iterator[Registry]:
    """Run a registry with its storage in `folder`, and delete the storage afterwards.

    Raises OutOfReachError if docker-registry is not on PATH and apt cannot download it into `tools`.
    """
    with support.registry(folder, tools) as running:
        try:
            yield Registry(address=running.address, storage=running.storage)
        finally:
            shutil.rmtree(running.storage)


def _name(step: str) -> str:
    match = _INSTALLED.search(step)
    return match[1] if match else " ".join(step.split()[:3])
