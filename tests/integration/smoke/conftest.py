"""Images that differ from the session's image by a few lines of a Dockerfile."""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from uuid import uuid4

import docker
import pytest
from docker.errors import ImageNotFound

Derive = Callable[..., str]


@pytest.fixture(scope="module")
def derive(client: docker.DockerClient, image: str) -> Iterator[Derive]:
    """Build an image from `image` with these lines as root; return its id."""
    built: set[str] = set()

    def build(*lines: str, user: str = "1000") -> str:
        unique = {"raydock.test": uuid4().hex}  # a different test that builds the same must not remove this image
        dockerfile = "\n".join([f"FROM {image}", "USER 0", *lines, f"USER {user}", ""])
        built_image, _ = client.images.build(
            fileobj=io.BytesIO(dockerfile.encode()), rm=True, forcerm=True, network_mode="none", labels=unique
        )
        built.add(built_image.id)
        return str(built_image.id)

    yield build
    for image_id in built:
        with suppress(ImageNotFound):  # removed together with an image that depends on it
            client.images.remove(image_id, force=True)
