"""The labels of an image: their names, what a build writes into them, and what they say.

An image that is built on one of raydock's inherits its labels. So does a variant's image those of its base.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from raydock.model.variant import Variant

# The labels that describe one image: a pulled base's would say of raydock's image what is true of the base.
PATTERNS = ("raydock.*", "io.ray.*", "org.opencontainers.image.*")
# The annotation by which the index of an OCI image layout names a manifest; images do not have it as a label.
REF_NAME = "org.opencontainers.image.ref.name"


class Label(StrEnum):
    """The labels that raydock writes. Those of OCI are annotations of its manifests too."""

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
    """What the labels of an image say. A text is None if the image does not have the label.

    Attributes:
        values: the labels by name.
    """

    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def variant(self) -> str | None:
        """The name of the variant that it is, or that it is built on."""
        return self.values.get(Label.VERSION)

    @property
    def ray(self) -> str | None:
        """The version of its Ray."""
        return self.values.get(Label.RAY)

    @property
    def python(self) -> str | None:
        """The version of its Python, with patch."""
        return self.values.get(Label.PYTHON)

    @property
    def kuberay(self) -> bool:
        """Whether KubeRay will run it: all but those that say `false`."""
        return self.values.get(Label.KUBERAY) != "false"

    @property
    def min_driver(self) -> str | None:
        """The oldest driver that runs it; empty for cpu."""
        return self.values.get(Label.MIN_DRIVER)

    @property
    def sm(self) -> tuple[int, ...]:
        """The GPUs that it has code for; empty for cpu, and if that is unknown."""
        return tuple(int(number) for number in self.values.get(Label.SM, "").split())

    @property
    def fingerprint(self) -> str | None:
        """What decides its content."""
        return self.values.get(Label.FINGERPRINT)

    @property
    def base_recipe(self) -> str | None:
        """The digest of the recipe of the base that it is, or that it is built on."""
        return self.values.get(Label.BASE_RECIPE)


def of_plan(variant: Variant, *, kuberay: bool, min_driver: str, sm: Sequence[int]) -> dict[str, str]:
    """The labels of a variant's image that its plan decides: see ImageLabels."""
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

    `created` is in ISO 8601; `nvcc` the CUDA of its compiler, empty without one.
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
    """The labels of a variant's image that are known only when it is built."""
    return {Label.FINGERPRINT: fingerprint, Label.LOCK: lock_sha256, Label.PYTHON: python}


def of_base(*, recipe: str, python: str) -> dict[str, str]:
    """The labels of a base: its recipe's digest, and its Python with patch."""
    return {Label.BASE_RECIPE: recipe, Label.PYTHON: python}
