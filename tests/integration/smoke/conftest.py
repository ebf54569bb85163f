"""Images that differ from the session's image by a few lines of a Dockerfile."""

import io
from collections.abc import Callable, Iterator

import docker
import pytest

Derive = Callable[..., str]


@pytest.fixture(scope="module")
def derive(client: docker.DockerClient, image: str) -> Iterator[Derive]:
    """Builds an image from `image` with these lines, as root unless they end otherwise, and returns its id."""
    built: set[str] = set()

    def build(*lines: str, user: str = "1000") -> str:
        dockerfile = "\n".join([f"FROM {image}", "USER 0", *lines, f"USER {user}", ""])
        made, _ = client.images.build(
            fileobj=io.BytesIO(dockerfile.encode()), rm=True, forcerm=True, network_mode="none"
        )
        built.add(made.id)
        return str(made.id)

    yield build
    for image_id in built:
        client.images.remove(image_id, force=True)
