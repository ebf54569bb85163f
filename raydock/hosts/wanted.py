"""The images that hosts are to have."""

from collections.abc import Iterable
from dataclasses import dataclass

from docker import DockerClient

from raydock.build.builder import built_images
from raydock.build.engine import connect
from raydock.errors import OutOfReachError
from raydock.plan.planner import Planned
from raydock.ship.published import Published, of_image


@dataclass(frozen=True, kw_only=True)
class Source:
    """An image as built on this machine, and the engine that holds it."""

    client: DockerClient
    image: Published


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A variant's image: its tag's full name, and where this machine has it; None where it was not built here."""

    name: str
    tag: str
    source: Source | None = None


def wanted(planned: Iterable[Planned], registry: str) -> tuple[Wanted, ...]:
    """The images of these variants: the built ones of this machine's engine, where one answers."""
    planned = tuple(planned)
    sources: dict[str, Source] = {}
    try:
        client = connect()
        built = built_images(client, registry, (item.name for item in planned))
        for item in planned:
            if image := built.get(item.name):
                sources[item.name] = Source(client=client, image=of_image(item.variant, registry, image))
    except OutOfReachError:
        sources = {}
    return tuple(
        Wanted(name=item.name, tag=f"{registry}:{item.name}", source=sources.get(item.name)) for item in planned
    )
