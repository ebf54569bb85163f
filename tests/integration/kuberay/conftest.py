"""Nodes to run pods on, and this folder's manifests with the session's image in them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests.support.kuberay.manifest import Manifest, parse, with_image
from tests.support.kuberay.node import Node

Load = Callable[[str], Manifest]


@pytest.fixture
def node(client: docker.DockerClient) -> Iterator[Node]:
    """A node, and nothing of it afterwards."""
    with Node(client) as found:
        yield found
    assert found.containers() == []
    assert found.volumes() == []


@pytest.fixture
def manifest(image: str) -> Load:
    """Reads one of this folder's manifests."""
    folder = Path(__file__).parent / "manifests"
    return lambda name: with_image(parse((folder / f"{name}.yaml").read_text()), image)
