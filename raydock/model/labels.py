"""The labels of an image: their names, and how they are written and read.

An image that is built on an image of raydock inherits its labels. A variant's image inherits those of its base.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from raydock.model.variant import Variant

# The labels that describe one image. Those of a pulled base must not describe raydock's image.
PATTERNS = ("raydock.*", "io.ray.*", "org.opencontainers.image.*")
# The annotation that names a manifest in the index of an OCI image layout. Images do not have it as a label.
REF_NAME = "org.opencontainers.image.ref.name"


class Label(StrEnum):
    """The labels that raydock writes. The OCI ones are also annotations of its manifests."""

    TITLE = "org.opencontainers.image.title"
    DESCRIPTION = "org.opencontainers.image.description"
    VERSION = "org.opencontainers.image.version"
    CREATED = "org.opencontainers.image.created"
    RAY = "io.ray.ray-version"
    KUBERAY = "raydock.kuberay"
    NVCC = "raydock.nvcc"
    MIN_DRIVER = "raydock.min-driver"
    SM = "raydock.sm"
    FINGERPRINT = "raydock.fingerprint"
    LOCK = "raydock.lock-sha256"
    PYTHON = "raydock.python"
    BASE_RECIPE = "raydock.base-recipe"


@dataclass(frozen=True)
class ImageLabels:
    """The labels of an image. A text is None if the image does not have the label.

    Attributes:
        values: the labels by name.
    """

    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def variant(self) -> str | None:
        """The name of the image's variant, or of the variant that the image is built on."""
        return self.values.get(Label.VERSION)

    @property
    def ray(self) -> str | None:
        """The version of Ray."""
        return self.values.get(Label.RAY)

    @property
    def python(self) -> str | None:
        """The full version of Python, such as 3.11.9."""
        return self.values.get(Label.PYTHON)

    @property
    def kuberay(self) -> bool:
        """Whether the image is for KubeRay; False only if the label is `false`."""
        return self.values.get(Label.KUBERAY) != "false"

    @property
    def min_driver(self) -> str | None:
        """The oldest driver that runs the image; empty for cpu."""
        return self.values.get(Label.MIN_DRIVER)

    @property
    def sm(self) -> tuple[int, ...]:
        """The GPUs that the image has code for, as sm numbers; empty for cpu, and if they are unknown."""
        return tuple(int(number) for number in self.values.get(Label.SM, "").split())

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint, which decides the image's content."""
        return self.values.get(Label.FINGERPRINT)

    @property
    def base_recipe(self) -> str | None:
        """The digest of the recipe of the base image, or of the base that the image is built on."""
        return self.values.get(Label.BASE_RECIPE)


def of_plan(variant: Variant, *, kuberay: bool, min_driver: str, sm: Sequence[int]) -> dict[str, str]:
    """The labels of a variant's image that the plan decides: see ImageLabels."""
    return {
        Label.VERSION: variant.name,
        Label.RAY: variant.ray,
        **({} if kuberay else {Label.KUBERAY: "false"}),
        Label.MIN_DRIVER: min_driver,
        Label.SM: " ".join(map(str, sm)),
    }


def of_dockerfile(
    planned: ImageLabels, variant: Variant, *, description: str, created: str, nvcc: str
) -> dict[str, str]:
    """The labels in a variant's Dockerfile, in the order of Label.

    created: the time in ISO 8601.
    nvcc: the CUDA version of its compiler; empty if it has no compiler.
    """
    stated: dict[str, str] = {
        **planned.values,
        Label.TITLE: f"raydock {variant.name}",
        Label.DESCRIPTION: description,
        Label.CREATED: created,
        **({Label.NVCC: nvcc or "none"} if variant.gpu else {}),
    }
    return {label: stated[label] for label in Label if label in stated}


def of_build(*, fingerprint: str, lock_sha256: str, python: str) -> dict[str, str]:
    """The labels of a variant's image that are known only during the build."""
    return {Label.FINGERPRINT: fingerprint, Label.LOCK: lock_sha256, Label.PYTHON: python}


def of_base(*, recipe: str, python: str) -> dict[str, str]:
    """The labels of a base image: the digest of its recipe, and the full version of its Python."""
    return {Label.BASE_RECIPE: recipe, Label.PYTHON: python}
