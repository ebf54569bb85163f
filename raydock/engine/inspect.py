"""The image of a container that is about to run."""

from docker import DockerClient
from docker.errors import ImageNotFound

from raydock.core.errors import VariantError
from raydock.engine.architecture import require_native
from raydock.engine.identity import from_inspect
from raydock.model.image import ContainerImage


def inspect(
    client: DockerClient, image: str, todo: str = "build it first: `./build.py build`, or `make images`."
) -> ContainerImage:
    """Inspect an image before a container of it runs.

    Raises VariantError if the engine does not have the image, or if it is for a different architecture.
    """
    try:
        inspected = from_inspect(client.api.inspect_image(image))
    except ImageNotFound:
        raise VariantError(f"the engine has no image {image}.", todo=todo) from None
    require_native(client, image, inspected.platform)
    return inspected
