"""The images that hosts are to have."""

from collections.abc import Iterable
from dataclasses import dataclass

from docker import DockerClient

from raydock.builder.schedule import built_images
from raydock.core.errors import OutOfReachError
from raydock.engine.client import connect
from raydock.plan.planner import Planned
from raydock.publish.variant_image import VariantImage, of_image


@dataclass(frozen=True, kw_only=True)
class ImageSource:
    """An image as built on this machine, and the engine that holds it."""

    client: DockerClient
    image: VariantImage


@dataclass(frozen=True, kw_only=True)
class RequestedImage:
    """A variant's image: its tag's full name, and where this machine has it; None where it was not built here."""

    name: str
    tag: str
    source: ImageSource | None = None


def wanted(planned: Iterable[Planned], registry: str) -> tuple[RequestedImage, ...]:
    """The images of these variants: the built ones of this machine's engine, where one answers."""
    planned = tuple(planned)
    sources: dict[str, ImageSource] = {}
    try:
        client = connect()
        built = built_images(client, registry, (item.name for item in planned))
        for item in planned:
            if image := built.get(item.name):
                sources[item.name] = ImageSource(client=client, image=of_image(item.variant, registry, image))
    except OutOfReachError:
        sources = {}
    return tuple(
        RequestedImage(name=item.name, tag=f"{registry}:{item.name}", source=sources.get(item.name)) for item in planned
    )
