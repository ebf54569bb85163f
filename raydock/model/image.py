"""An image, as an engine or a registry has it, and as a report names it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from raydock.model.labels import ImageLabels
from raydock.probe.session import FOREIGN

_NOT_ROOT = re.compile(r"[1-9]\d*(:\d+)?")


@dataclass(frozen=True, kw_only=True)
class ContainerImage:
    """One image. What becomes of it is said by results that hold it.

    Attributes:
        id: the engine's id of it: the digest that its image store uses; empty for an image of a registry.
        digests: every digest that is known to name it: the engine's id; the configuration's, manifest's or index's.
        content: the digest of its platform, run configuration and layers; equal on every store and registry.
        layers: the digests of its unpacked layers (diff ids), the lowest first.
        platform: what it is made for, as linux/arm64/v8; linux alone if it does not say for which architecture.
        user: the user that it names.
        environment: the variables that it sets.
        labels: what its labels say.
        tags: its tags on the engine, as NAME:TAG.
        references: its names by digest on the engine, as NAME@sha256:... . With containerd's store, an image has one
            before any push.
    """

    id: str = ""
    digests: frozenset[str] = frozenset()
    content: str
    layers: tuple[str, ...] = ()
    platform: str = "linux"
    user: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: ImageLabels = field(default_factory=ImageLabels)
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """What decides its content, as its labels say; empty for an image that is not raydock's."""
        return self.labels.fingerprint or ""

    @property
    def foreign(self) -> list[str]:
        """The variables of its environment that mislead Ray."""
        return [name for name in FOREIGN if name in self.environment]

    @property
    def is_non_root(self) -> bool:
        """Whether Kubernetes' runAsNonRoot takes its user: a number that is not 0."""
        return bool(_NOT_ROOT.fullmatch(self.user))

    def is_same(self, other: "ContainerImage") -> bool:
        """Whether both are the same image, whichever store or registry holds them."""
        return self.content == other.content


@dataclass(frozen=True, kw_only=True)
class ImageRecord:
    """What a report keeps of the image that it is about.

    Attributes:
        name: the variant's name; of an image of other people, what the user calls it.
        image_id: the id of the image on the engine that was used.
        content: the digest of the image's content, the same in every image store; empty in a report of a raydock that
            compared image ids.
        fingerprint: what decides the image; empty for an image that is not raydock's.
    """

    name: str
    image_id: str
    content: str = ""
    fingerprint: str

    def is_of(self, image: ContainerImage) -> bool:
        """Whether it is about this very image."""
        same = self.content == image.content if self.content else self.image_id == image.id
        return same and self.fingerprint == image.fingerprint
