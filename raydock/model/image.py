"""An image in an engine or a registry, and the image that a report is of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from raydock.model.labels import ImageLabels
from raydock.probe.session import FOREIGN

_NOT_ROOT = re.compile(r"[1-9]\d*(:\d+)?")


@dataclass(frozen=True, kw_only=True)
class ContainerImage:
    """An image of an engine or a registry.

    Attributes:
        id: the engine's id, which is the digest that its image store uses; empty for an image of a registry.
        digests: its known digests: the engine's id, and those of its configuration, manifest or index.
        content: the digest of its platform, run configuration and layers; the same in every store and registry.
        layers: the digests of its unpacked layers (diff ids), the lowest first.
        platform: its platform, such as linux/arm64/v8; only linux if it does not name its architecture.
        user: its user.
        environment: its environment variables.
        labels: its labels.
        tags: its tags on the engine, as NAME:TAG.
        references: its names by digest on the engine, as NAME@sha256:... . With containerd's store, an image has a
            reference before any push.
        size: its size in bytes as the engine reports it: unpacked with overlay2, compressed with containerd's store. It
            is 0 if it is not on an engine.
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
    size: int = 0

    @property
    def fingerprint(self) -> str:
        """The fingerprint in its labels, which decides its content; empty for an image that is not raydock's."""
        return self.labels.fingerprint or ""

    @property
    def foreign(self) -> list[str]:
        """Its environment variables that have a wrong effect on Ray."""
        return [name for name in FOREIGN if name in self.environment]

    @property
    def is_non_root(self) -> bool:
        """Whether Kubernetes' runAsNonRoot accepts its user: a number that is not 0."""
        return bool(_NOT_ROOT.fullmatch(self.user))

    def is_same(self, other: "ContainerImage") -> bool:
        """Whether both are the same image, in any store or registry."""
        return self.content == other.content


@dataclass(frozen=True, kw_only=True)
class ImageRecord:
    """The image that a report is of.

    Attributes:
        name: the variant's name; for an image that is not raydock's, its name on the command line.
        image_id: the id of the image on the engine that was used.
        content: the digest of the image's content, the same in every image store; empty in a report of an old raydock,
            which compared image ids.
        fingerprint: the image's fingerprint; empty for an image that is not raydock's.
    """

    name: str
    image_id: str
    content: str = ""
    fingerprint: str

    def is_of(self, image: ContainerImage) -> bool:
        """Whether it is of this image."""
        same = self.content == image.content if self.content else self.image_id == image.id
        return same and self.fingerprint == image.fingerprint
