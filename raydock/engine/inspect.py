"""An image that is to run."""

from docker import DockerClient
from docker.errors import ImageNotFound

from raydock.core.errors import VariantError
from raydock.engine.architecture import require_native
from raydock.engine.identity import of_inspected
from raydock.model.image import ContainerImage


def inspect(
    client: DockerClient, image: str, todo: str = "build it first: `./build.py build`, or `make images`."
) -> ContainerImage:
    """Asks the engine for an image that is to run.

    Raises VariantError if the engine has no such image, or if the image is for another architecture than the engine's.
    """
    try:
        found = of_inspected(client.api.inspect_image(image))
    except ImageNotFound:
        raise VariantError(f"the engine holds no image {image}.", todo=todo) from None
    require_native(client, image, found.platform)
    return found
