"""The images that hosts are to have."""

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
    """A variant's image that hosts are to have.

    Attributes:
        image: the image, under the tag that it is to have there.
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


def wanted(planned: Iterable[Planned], registry: str) -> tuple[RequestedImage, ...]:
    """The images of these variants: the built ones of this machine's engine, where one answers."""
    planned = tuple(planned)
    built: dict[str, ContainerImage] = {}
    client = None
    with suppress(OutOfReachError):
        client = connect()
        built = built_images(client, registry, (item.name for item in planned))
    return tuple(
        RequestedImage(image=of_image(item.variant, registry, built[item.name]), source=client)
        if item.name in built
        else RequestedImage(image=of_plan(item, registry))
        for item in planned
    )
