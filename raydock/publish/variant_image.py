"""A variant's image by all its names.

These are its digest in a registry, its tag, and its id on an engine.
"""

from dataclasses import dataclass
from enum import StrEnum

from raydock.model.image import ContainerImage
from raydock.model.labels import ImageLabels, Label
from raydock.model.variant import Variant
from raydock.plan.planner import Planned
from raydock.publish.release import PublishedImage


class ImageState(StrEnum):
    """The source of what is known of an image.

    It is the engine that has it, a registry's release, or only the plan.
    """

    BUILT = "built"
    PUBLISHED = "published"
    PLANNED = "planned"


@dataclass(frozen=True, kw_only=True)
class VariantImage:
    """A variant's image, which may not exist yet.

    Attributes:
        variant: the variant.
        repository: the registry and path of the image, existing or planned.
        state: built, published or planned.
        labels: its labels, existing or planned.
        id: its id on the engine; empty if unknown.
        digest: the digest of its manifest in the repository; empty if it was never pushed.
        unattached: the reports and SBOMs that the registry did not store.
    """

    variant: Variant
    repository: str
    state: ImageState
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
        """The image by digest, as a Kubernetes manifest names it.

        It is empty if it was never pushed.
        """
        return f"{self.repository}@{self.digest}" if self.digest else ""

    @property
    def tag(self) -> str:
        """The image by the variant's own tag."""
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
    def fingerprint(self) -> str:
        """Its fingerprint; empty if it is only planned."""
        return self.labels.fingerprint or ""


def of_image(variant: Variant, repository: str, image: ContainerImage) -> VariantImage:
    """A variant's image on an engine, with its digest in a repository.

    With containerd's image store, an image has a digest even if it was never pushed.
    """
    names = (reference.partition("@") for reference in image.references)
    digests = (digest for name, _, digest in names if name == repository)
    return VariantImage(
        variant=variant,
        repository=repository,
        state=ImageState.BUILT,
        labels=image.labels,
        id=image.id,
        digest=next(digests, ""),
    )


def of_release(entry: PublishedImage, repository: str) -> VariantImage:
    """An image of a registry's release."""
    return VariantImage(
        variant=entry.variant,
        repository=repository,
        state=ImageState.PUBLISHED,
        labels=ImageLabels({**entry.planned.labels.values, Label.FINGERPRINT: entry.fingerprint}),
        id=entry.image_id,
        digest=entry.digest,
        unattached=entry.unattached,
    )


def of_plan(planned: Planned, repository: str, digest: str = "") -> VariantImage:
    """A planned image, with its digest if the user named one."""
    return VariantImage(
        variant=planned.variant,
        repository=repository,
        state=ImageState.PLANNED,
        labels=planned.labels,
        digest=digest,
    )
