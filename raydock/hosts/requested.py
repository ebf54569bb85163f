"""The images that are requested on hosts."""

from collections.abc import Sequence
from contextlib import suppress

from docker import DockerClient

from raydock.builder.schedule import built_images
from raydock.core.errors import OutOfReachError
from raydock.engine.client import connect
from raydock.pick.candidate import candidates
from raydock.plan.planner import Planned
from raydock.publish.variant_image import VariantImage


def requested_images(
    variants: Sequence[Planned], registry: str
) -> tuple[tuple[VariantImage, ...], DockerClient | None]:
    """Return these variants' images, built ones, else planned ones, and the engine that has the built ones.

    If this machine's engine does not answer, all are planned ones, and the engine is None.
    """
    with suppress(OutOfReachError):
        client = connect()
        built = built_images(client, registry, (planned.name for planned in variants))
        return candidates(variants, built, registry), client
    return candidates(variants, {}, registry), None
