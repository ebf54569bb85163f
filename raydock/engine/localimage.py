"""The images of an engine.

Images are looked up by name: with containerd's store, an engine does not list a pulled image if it already had layers
of it in a different compression (moby issue 49784, read on 2026-11-29). Such an image runs, and its name is found.
"""

import docker
from docker.errors import ImageNotFound

from raydock.core.errors import VariantError
from raydock.engine.architecture import require_native
from raydock.engine.client import reaching
from raydock.engine.identity import from_inspect
from raydock.model.image import ContainerImage
from raydock.model.labels import Label


def find_image(client: docker.DockerClient, reference: str) -> ContainerImage | None:
    """The image with a tag, an id or a name by digest; None if missing.

    Raises OutOfReachError if the engine does not answer.
    """
    with reaching(f"reading the image {reference}"):
        try:
            return from_inspect(client.api.inspect_image(reference))
        except ImageNotFound:
            return None


def get_image(client: docker.DockerClient, reference: str) -> ContainerImage:
    """The image with a tag, an id or a name by digest.

    Raises VariantError if the engine does not have it.
    """
    if image := find_image(client, reference):
        return image
    raise VariantError(
        f"the engine has no image {reference}.",
        meaning="It was removed while raydock was running.",
        todo="run this again: raydock builds it again.",
    )


def inspect(
    client: docker.DockerClient, reference: str, todo: str = "build it first: `./build.py build`, or `make images`."
) -> ContainerImage:
    """The image of a container that is about to run.

    `todo`: what the user can do if the engine does not have it.

    Raises VariantError if the engine does not have the image, or if it is for a different architecture.
    """
    try:
        image = from_inspect(client.api.inspect_image(reference))
    except ImageNotFound:
        raise VariantError(f"the engine has no image {reference}.", todo=todo) from None
    require_native(client, reference, image.platform)
    return image


def listed_images(client: docker.DockerClient, label: Label) -> dict[str, tuple[str, ...]]:
    """The tags of the images with a label, by image id, as the engine lists them."""
    with reaching("listing images"):
        listed = client.api.images(filters={"label": label})
    return {
        image["Id"]: tuple(tag for tag in image.get("RepoTags") or () if not tag.startswith("<none>"))
        for image in listed
    }
