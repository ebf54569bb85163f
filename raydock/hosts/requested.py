"""The images that are requested on hosts."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from docker import DockerClient

from raydock.builder.schedule import built_images
from raydock.core.errors import OutOfReachError
from raydock.engine.client import connect
from raydock.model.image import ContainerImage
from raydock.plan.planner import Planned
from raydock.publish.variant_image import VariantImage, of_image, of_plan


@dataclass(frozen=True, kw_only=True)
class RequestedImage:
    """A variant's image that is requested on hosts.

    Attributes:
        image: the image, under its tag on the hosts.
        source: this machine's engine if the image was built on it; else None.
    """

    image: VariantImage
    source: DockerClient | None = None

    @property
    def name(self) -> str:
        """The variant's name."""
        return self.image.name

    @property
    def tag(self) -> str:
        """The variant's own tag."""
        return self.image.tag


def requested_images(variants: Iterable[Planned], registry: str) -> tuple[RequestedImage, ...]:
    """Return these variants' images: built ones, else planned ones.

    If this machine's engine does not answer, all are planned ones.
    """
    variants = tuple(variants)
    built: dict[str, ContainerImage] = {}
    client = None
    with suppress(OutOfReachError):
        client = connect()
        built = built_images(client, registry, (planned.name for planned in variants))
    return tuple(
        RequestedImage(image=of_image(planned.variant, registry, built[planned.name]), source=client)
        if planned.name in built
        else RequestedImage(image=of_plan(planned, registry))
        for planned in variants
    )
