"""The images of an engine.

Images are looked up by name: with containerd's store, an engine does not list a pulled image if it had layers of it
already in a different compression (moby issue 49784, read on 2026-11-29). Such an image runs, and its name is found.
"""

import docker
from docker.errors import ImageNotFound

from raydock.core.errors import VariantError
from raydock.engine.client import reaching
from raydock.engine.identity import of_inspected
from raydock.model.image import ContainerImage
from raydock.model.labels import Label


def find_image(client: docker.DockerClient, reference: str) -> ContainerImage | None:
    """The image with a tag, an id or a name by digest; None if the engine has no such image.

    Raises OutOfReachError if the engine does not answer.
    """
    with reaching(f"reading the image {reference}"):
        try:
            return of_inspected(client.api.inspect_image(reference))
        except ImageNotFound:
            return None


def get_image(client: docker.DockerClient, reference: str) -> ContainerImage:
    """The image with a tag, an id or a name by digest. Raises VariantError if the engine has no such image."""
    if image := find_image(client, reference):
        return image
    raise VariantError(
        f"the engine has no image {reference}.",
        meaning="It was removed while raydock was running.",
        todo="run this again: what is missing is built.",
    )


def listed_images(client: docker.DockerClient, label: Label) -> dict[str, tuple[str, ...]]:
    """The tags of the images with a label, by the images' ids, as far as the engine lists them."""
    with reaching("listing images"):
        listed = client.api.images(filters={"label": label})
    return {
        item["Id"]: tuple(tag for tag in item.get("RepoTags") or () if not tag.startswith("<none>")) for item in listed
    }
