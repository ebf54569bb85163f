"""A release: the images of a registry as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from raydock.core.models import written
from raydock.model.variant import Axis, Variant, Word
from raydock.plan.planner import Excluded, Planned
from raydock.publish.tags import immutable

# What a registry says ends in manifests and scripts.
_Hex = Annotated[str, written("64 hexadecimal digits", form="[0-9a-f]{64}")]
_Digest = Annotated[str, written("a digest", form="sha256:[0-9a-f]{64}")]
_Content = Annotated[str, written("a digest, or nothing", form="(sha256:[0-9a-f]{64})?")]


@dataclass(frozen=True, kw_only=True)
class PublishedImage:
    """One published image.

    `digest`, `media_type` and `manifest_bytes` describe its manifest in the registry, `image_id` is the digest
    of its configuration (the id of the image on an engine with the overlay2 store), `content` the digest of its content
    (empty in releases of raydock 0.1), `compressed_bytes` what a pull of all of it moves, `python` has the patch.
    `reports` are what the gates said, `files` the sha256 of each file that is attached by its name, and `attached` the
    digests of the artifacts that hold them, as far as the registry took them.
    """

    planned: Planned
    fingerprint: _Hex
    image_id: _Digest
    content: _Content
    digest: _Digest
    media_type: str
    manifest_bytes: int
    compressed_bytes: int
    python: Word
    lock_sha256: _Hex
    published: str
    signed: bool
    packages: Mapping[str, str] = field(repr=False)
    reports: Mapping[str, Any] = field(repr=False)
    files: Mapping[str, _Digest] = field(repr=False)
    attached: Mapping[str, _Digest] = field(repr=False)

    @property
    def name(self) -> str:
        return self.planned.name

    @property
    def variant(self) -> Variant:
        return self.planned.variant

    @property
    def unattached(self) -> tuple[str, ...]:
        """The files that are not attached, since the registry did not take them."""
        return tuple(name for name in self.files if name not in self.attached)

    @property
    def tag(self) -> str:
        """The tag that always names this image."""
        return immutable(self.name, self.fingerprint)


@dataclass(frozen=True, kw_only=True)
class Named:
    """What an alias names: a variant's image, as it was when the alias moved last."""

    variant: str
    fingerprint: _Hex
    digest: _Digest


@dataclass(frozen=True, kw_only=True)
class Release:
    """The images of a registry, oldest versions first, and its aliases.

    `id` is the release's own tag (20261125-1), `created` when it was made (ISO 8601), `raydock` and `commit` what made
    it; `where` says for messages where it was read.
    """

    id: str
    created: str
    raydock: str
    commit: str
    entries: tuple[PublishedImage, ...]
    aliases: Mapping[str, Named]
    where: str = "the release"

    def entry(self, name: str) -> PublishedImage | None:
        """The image of a variant."""
        return next((item for item in self.entries if item.name == name), None)

    # What a selection is made from, as of a plan (raydock/plan/select.py).

    @property
    def name(self) -> str:
        return self.where

    @property
    def variants(self) -> tuple[Planned, ...]:
        return tuple(item.planned for item in self.entries)

    @property
    def excluded(self) -> tuple[Excluded, ...]:
        return ()

    @property
    def group_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(group for item in self.variants for group in item.groups))

    def values(self, axis: Axis) -> tuple[str, ...]:
        """Every value of an axis that some image has."""
        return tuple(dict.fromkeys(getattr(item.variant, axis) for item in self.entries))
