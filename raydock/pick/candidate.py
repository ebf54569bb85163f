"""The images that a pick chooses among: what a registry's release names, or what the engine holds and the plan could
build."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from raydock.builder.schedule import built_images
from raydock.core.errors import OutOfReachError
from raydock.engine.client import connect
from raydock.model.image import ContainerImage
from raydock.model.labels import ImageLabels
from raydock.model.variant import Variant
from raydock.plan.planner import Planned
from raydock.publish.release import Release


class Where(StrEnum):
    """Where an image is."""

    BUILT = "built"
    PUBLISHED = "published"
    PLANNED = "planned"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A variant's image under its full name, with what it needs of a host.

    `min_driver` and `sm` are empty for cpu. `digest` is the image's id on the engine, or its digest in the registry
    where it is published; None where it is neither. `unattached` are the reports and SBOMs that the registry did not
    store.
    """

    variant: Variant
    image: str
    where: Where
    min_driver: str
    sm: tuple[int, ...]
    digest: str | None
    unattached: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.variant.name


def candidates(planned: Iterable[Planned], built: Mapping[str, ContainerImage], registry: str) -> tuple[Candidate, ...]:
    """A candidate a variant: what the labels of its image in `built` say, else what the plan says."""
    return tuple(
        of_labels(item.variant, f"{registry}:{item.name}", built[item.name].id, built[item.name].labels)
        if item.name in built
        else _of_plan(item, registry)
        for item in planned
    )


def published(release: Release, chosen: Iterable[Planned], registry: str) -> tuple[Candidate, ...]:
    """A candidate for each chosen image of a registry's release, under the tag that never changes."""
    wanted = {item.name for item in chosen}
    return tuple(
        Candidate(
            variant=entry.variant,
            image=f"{registry}:{entry.tag}",
            where=Where.PUBLISHED,
            min_driver=entry.planned.min_driver,
            sm=entry.planned.sm,
            digest=entry.digest,
            unattached=entry.unattached,
        )
        for entry in release.entries
        if entry.name in wanted
    )


def on_engine(planned: Iterable[Planned], registry: str) -> tuple[dict[str, ContainerImage], str]:
    """The built images of these variants by name; none, and the reason, if no engine answers."""
    try:
        return built_images(connect(), registry, (item.name for item in planned)), ""
    except OutOfReachError as error:
        return {}, error.what


def of_labels(variant: Variant, image: str, image_id: str, labels: ImageLabels) -> Candidate:
    """A built image as a candidate, by its labels."""
    return Candidate(
        variant=variant,
        image=image,
        where=Where.BUILT,
        min_driver=labels.min_driver or "",
        sm=labels.sm,
        digest=image_id,
    )


def _of_plan(item: Planned, registry: str) -> Candidate:
    return Candidate(
        variant=item.variant,
        image=f"{registry}:{item.name}",
        where=Where.PLANNED,
        min_driver=item.min_driver,
        sm=item.sm,
        digest=None,
    )
