"""Nodes that run pods, and this folder's manifests with the session's image."""

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests.support.kuberay.manifest import Manifest, parse, with_image
from tests.support.kuberay.node import Node

Load = Callable[[str], Manifest]


@pytest.fixture
def node(client: docker.DockerClient) -> Iterator[Node]:
    """A node; afterwards nothing of it is left."""
    with Node(client) as created:
        yield created
    assert created.containers() == []
    assert created.volumes() == []


@pytest.fixture
def manifest(image: str) -> Load:
    """Read a manifest of this folder."""
    folder = Path(__file__).parent / "manifests"
    return lambda name: with_image(parse((folder / f"{name}.yaml").read_text()), image)
