"""The images that a pick chooses among: what a registry's release names, or what the engine holds and the plan could
build."""

from collections.abc import Iterable, Mapping

from raydock.builder.schedule import built_images
from raydock.core.errors import OutOfReachError
from raydock.engine.client import connect
from raydock.model.image import ContainerImage
from raydock.plan.planner import Planned
from raydock.publish.release import Release
from raydock.publish.variant_image import VariantImage, of_image, of_plan, of_release


def candidates(
    planned: Iterable[Planned], built: Mapping[str, ContainerImage], registry: str
) -> tuple[VariantImage, ...]:
    """A candidate a variant: what the labels of its image in `built` say, else what the plan says."""
    return tuple(
        of_image(item.variant, registry, built[item.name]) if item.name in built else of_plan(item, registry)
        for item in planned
    )


def published(release: Release, chosen: Iterable[Planned], registry: str) -> tuple[VariantImage, ...]:
    """A candidate for each chosen image of a registry's release."""
    wanted = {item.name for item in chosen}
    return tuple(of_release(entry, registry) for entry in release.entries if entry.name in wanted)


def on_engine(planned: Iterable[Planned], registry: str) -> tuple[dict[str, ContainerImage], str]:
    """The built images of these variants by name; none, and the reason, if no engine answers."""
    try:
        return built_images(connect(), registry, (item.name for item in planned)), ""
    except OutOfReachError as error:
        return {}, error.what
