"""The candidates of a pick: images of a release, or built and planned images."""

from collections.abc import Iterable, Mapping, Sequence

from raydock.builder.schedule import built_images
from raydock.core.errors import OutOfReachError
from raydock.engine.client import EngineClient, connect
from raydock.model.image import ContainerImage
from raydock.plan.planner import Planned
from raydock.publish.release import Release
from raydock.publish.variant_image import VariantImage, of_image, of_plan, of_release


def candidates(
    variants: Iterable[Planned], built: Mapping[str, ContainerImage], registry: str
) -> tuple[VariantImage, ...]:
    """Return a candidate for each variant: its image in `built`, else a planned one."""
    return tuple(
        of_image(planned.variant, registry, built[planned.name])
        if planned.name in built
        else of_plan(planned, registry)
        for planned in variants
    )


def published(release: Release, chosen: Iterable[Planned], registry: str) -> tuple[VariantImage, ...]:
    """Return a candidate for each chosen image of a registry's release."""
    names = {planned.name for planned in chosen}
    return tuple(of_release(entry, registry) for entry in release.entries if entry.name in names)


def on_engine(
    variants: Sequence[Planned], registry: str
) -> tuple[tuple[VariantImage, ...], EngineClient | OutOfReachError]:
    """Return a candidate for each variant, and the engine that has the built ones.

    If this machine's engine does not answer, all are planned ones, and the error takes the engine's place.
    """
    try:
        client = connect()
        built = built_images(client, registry, (planned.name for planned in variants))
    except OutOfReachError as error:
        return candidates(variants, {}, registry), error
    return candidates(variants, built, registry), client
