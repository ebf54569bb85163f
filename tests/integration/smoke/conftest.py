"""Images that differ from the session's image."""

import io
from collections.abc import Callable, Iterator
from uuid import uuid4

import docker
import pytest

from tests.support.engine import remove_built

Build = Callable[..., str]
Derive = Callable[..., str]


@pytest.fixture(scope="module")
def build_image(client: docker.DockerClient) -> Iterator[Build]:
    """Build an image without a network; return its id. The options are those of the SDK's `images.build`."""
    built: list[str] = []

    def build(**options: object) -> str:
        unique = {"raydock.test": uuid4().hex}  # a different test that builds the same must not remove this image
        image, _ = client.images.build(rm=True, forcerm=True, network_mode="none", labels=unique, **options)
        built.append(str(image.id))
        return built[-1]

    yield build
    for image_id in built:
        remove_built(client, image_id)


@pytest.fixture(scope="module")
def derive(build_image: Build, image: str) -> Derive:
    """Build an image from `image` with these lines as root; return its id."""

    def build(*lines: str, user: str = "1000") -> str:
        dockerfile = "\n".join([f"FROM {image}", "USER 0", *lines, f"USER {user}", ""])
        return build_image(fileobj=io.BytesIO(dockerfile.encode()))

    return build
