"""A variant's image by all its names: the digest under which a registry serves it, whatever tags come to mean, its tag,
and the id that an engine knows it by."""

from dataclasses import dataclass
from enum import StrEnum

from raydock.model.image import ContainerImage
from raydock.model.labels import ImageLabels, Label
from raydock.model.variant import Variant
from raydock.plan.planner import Planned
from raydock.publish.release import PublishedImage


class Where(StrEnum):
    """What tells of an image: an engine that has it, a registry's release, or the plan alone."""

    BUILT = "built"
    PUBLISHED = "published"
    PLANNED = "planned"


@dataclass(frozen=True, kw_only=True)
class VariantImage:
    """A variant's image, which may not exist yet.

    Attributes:
        variant: the variant.
        repository: the registry and path that it has, or will have.
        where: what tells of it.
        labels: what its labels say, or will say.
        id: the engine's id of it; empty if neither an engine nor a release tells it.
        digest: the digest of its manifest in the repository; empty if it was never pushed.
        unattached: the reports and SBOMs that the registry did not store.
    """

    variant: Variant
    repository: str
    where: Where
    labels: ImageLabels
    id: str = ""
    digest: str = ""
    unattached: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The variant's name."""
        return self.variant.name

    @property
    def reference(self) -> str:
        """The image as a manifest names it; empty if it was never pushed."""
        return f"{self.repository}@{self.digest}" if self.digest else ""

    @property
    def tag(self) -> str:
        """The variant's own tag."""
        return f"{self.repository}:{self.name}"

    @property
    def ray(self) -> str:
        """The version of its Ray."""
        return self.variant.ray if self.labels.ray is None else self.labels.ray

    @property
    def min_driver(self) -> str:
        """The oldest driver that runs it; empty for cpu."""
        return self.labels.min_driver or ""

    @property
    def sm(self) -> tuple[int, ...]:
        """The GPUs that it has code for; empty for cpu, and if that is unknown."""
        return self.labels.sm

    @property
    def kuberay(self) -> bool:
        """Whether KubeRay will run it."""
        return self.labels.kuberay

    @property
    def fingerprint(self) -> str:
        """What decides its content; empty if only the plan tells of it."""
        return self.labels.fingerprint or ""


def of_image(variant: Variant, repository: str, image: ContainerImage) -> VariantImage:
    """What an engine knows of a variant's image, with its digest in a repository.

    With containerd's image store, the registry has that digest only if the image was pushed.
    """
    names = (reference.partition("@") for reference in image.references)
    digests = (digest for name, _, digest in names if name == repository)
    return VariantImage(
        variant=variant,
        repository=repository,
        where=Where.BUILT,
        labels=image.labels,
        id=image.id,
        digest=next(digests, ""),
    )


def of_release(entry: PublishedImage, repository: str) -> VariantImage:
    """What a registry's release says of an image."""
    return VariantImage(
        variant=entry.variant,
        repository=repository,
        where=Where.PUBLISHED,
        labels=ImageLabels({**entry.planned.labels.values, Label.FINGERPRINT: entry.fingerprint}),
        id=entry.image_id,
        digest=entry.digest,
        unattached=entry.unattached,
    )


def of_plan(planned: Planned, repository: str, digest: str = "") -> VariantImage:
    """What the plan says of an image, which may have a digest already."""
    return VariantImage(
        variant=planned.variant,
        repository=repository,
        where=Where.PLANNED,
        labels=planned.labels,
        digest=digest,
    )
