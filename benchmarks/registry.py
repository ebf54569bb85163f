"""An image registry on loopback for the length of a bench."""

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
    """A layer as pushed: its name (`ray`, or the first words of the step that made it), digest and bytes."""

    name: str
    digest: str
    size: int


class Registry(support.Registry):
    """A registry that images are pushed to."""

    def push(self, client: docker.DockerClient, image: str, name: str) -> tuple[Layer, ...]:
        """Pushes a local image as the tag `name`, whose layers it returns, base first."""
        path = f"{self.address}/bench"
        client.images.get(image).tag(path, name)
        try:
            for line in client.api.push(path, tag=name, stream=True, decode=True):
                if "error" in line:
                    raise OutOfReachError(f"pushing {image} failed: {line['error']}.", todo="look at the disk.")
        finally:
            client.images.remove(f"{path}:{name}")
        return self._layers(name)

    def _layers(self, name: str) -> tuple[Layer, ...]:
        found = repository(f"{self.address}/bench")
        manifest = found.manifest(name)
        assert manifest
        config, *layers = manifest.parts
        history = json.loads(found.blob(config.digest))["history"]
        steps = [item.get("created_by", "") for item in history if not item.get("empty_layer")]
        return tuple(
            Layer(name=_name(step), digest=item.digest, size=item.size)
            for step, item in zip(steps, layers, strict=True)
        )


@contextmanager
def registry(folder: Path, tools: Path) -> Iterator[Registry]:
    """A registry with its storage in `folder`, which is emptied afterwards.

    Raises OutOfReachError where there is no docker-registry on PATH and apt cannot bring one into `tools`.
    """
    with support.registry(folder, tools) as found:
        try:
            yield Registry(address=found.address, storage=found.storage)
        finally:
            shutil.rmtree(found.storage)


def _name(step: str) -> str:
    found = _INSTALLED.search(step)
    return found[1] if found else " ".join(step.split()[:3])
