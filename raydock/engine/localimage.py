"""The images of an engine.

Images are looked up by name: with containerd's store, an engine does not list a pulled image if it had layers of it
already in a different compression (moby issue 49784, read on 2026-11-29). Such an image runs, and its name is found.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import ImageNotFound

from raydock.core.errors import VariantError
from raydock.engine.architecture import platform
from raydock.engine.client import reaching
from raydock.engine.identity import ImageIdentity, of_inspected
from raydock.model.labels import ImageLabels, Label


@dataclass(frozen=True, kw_only=True)
class LocalImage:
    """An image of the engine.

    Attributes:
        id: the engine's id of it: the digest that its image store uses.
        identity: all its digests.
        tags: its tags, as NAME:TAG.
        labels: its labels.
        digests: its names by digest, as NAME@sha256:... . With containerd's store, an image has one before any push.
        platform: what it is made for, as linux/arm64/v8; linux alone if it does not say for which architecture.
    """

    id: str
    identity: ImageIdentity
    tags: tuple[str, ...]
    labels: ImageLabels
    digests: tuple[str, ...] = ()
    platform: str = "linux"


def find_image(client: docker.DockerClient, reference: str) -> LocalImage | None:
    """The image with a tag, an id or a name by digest; None if the engine has no such image.

    Raises OutOfReachError if the engine does not answer.
    """
    with reaching(f"reading the image {reference}"):
        try:
            return _image(client.api.inspect_image(reference))
        except ImageNotFound:
            return None


def get_image(client: docker.DockerClient, reference: str) -> LocalImage:
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


def _image(document: Mapping[str, Any]) -> LocalImage:
    return LocalImage(
        id=document["Id"],
        identity=of_inspected(document),
        tags=tuple(document.get("RepoTags") or ()),
        labels=ImageLabels((document.get("Config") or {}).get("Labels") or {}),
        digests=tuple(document.get("RepoDigests") or ()),
        platform=platform(document),
    )
