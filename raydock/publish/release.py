"""A release: the published images of a registry and their aliases.

Its file release.json has schema 1 (docs/reference/json.md), and is read strictly.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import msgspec

from raydock.core.errors import ConfigurationError
from raydock.core.models import plain, written
from raydock.model.variant import Axis, Variant, Word
from raydock.plan.planner import Excluded, Planned

SCHEMA = 1
_DIGITS = 12

# What a registry says ends in manifests and scripts.
_Hex = Annotated[str, written("64 hexadecimal digits", form="[0-9a-f]{64}")]
_Digest = Annotated[str, written("a digest", form="sha256:[0-9a-f]{64}")]
_Content = Annotated[str, written("a digest, or nothing", form="(sha256:[0-9a-f]{64})?")]


def immutable_tag(name: str, fingerprint: str) -> str:
    """The tag of one build of a variant. It never names a different image."""
    return f"{name}.{fingerprint[:_DIGITS]}"


@dataclass(frozen=True, kw_only=True)
class PublishedImage:
    """One published image.

    Attributes:
        planned: the variant in the plan.
        fingerprint: the fingerprint of its inputs.
        image_id: the digest of its configuration, which is its id on an engine with the overlay2 store.
        content: the digest of its content; empty in releases of raydock 0.1.
        digest: the digest of its manifest in the registry.
        media_type: the media type of its manifest.
        manifest_bytes: the size of its manifest.
        compressed_bytes: what a complete pull downloads.
        python: the Python version with its patch level.
        lock_sha256: the sha256 of its lock.
        published: when it was published, in ISO 8601.
        signed: whether it is signed.
        packages: the version of each package, by name.
        reports: the content of its reports, by kind.
        files: the sha256 of each report and SBOM, by file name.
        attached: the digest of the artifact of each file that the registry stored, by file name.
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
        """The files that are not attached because the registry did not store them."""
        return tuple(name for name in self.files if name not in self.attached)

    @property
    def tag(self) -> str:
        """The tag that always names this image."""
        return immutable_tag(self.name, self.fingerprint)


@dataclass(frozen=True, kw_only=True)
class AliasTarget:
    """The image that an alias names.

    Attributes:
        variant: the variant's name.
        fingerprint: the image's fingerprint when the alias last moved.
        digest: the image's digest when the alias last moved.
    """

    variant: str
    fingerprint: _Hex
    digest: _Digest


@dataclass(frozen=True, kw_only=True)
class Release:
    """The images of a registry and its aliases.

    Attributes:
        id: the release's own tag, such as 20261125-1.
        created: when it was made, in ISO 8601.
        raydock: the version of raydock that made it.
        commit: the commit of the checkout that made it.
        entries: the images, oldest versions first.
        aliases: what each alias names.
        name: where it was read, for messages.
    """

    id: str
    created: str
    raydock: str
    commit: str
    entries: tuple[PublishedImage, ...]
    aliases: Mapping[str, AliasTarget]
    name: str = "the release"

    @property
    def by_variant(self) -> dict[str, PublishedImage]:
        """The images by the name of their variant."""
        return {entry.name: entry for entry in self.entries}

    def only(self, names: Collection[str]) -> "Release":
        """The release with only the images of these variants, and their aliases."""
        entries = tuple(entry for entry in self.entries if entry.name in names)
        aliases = {alias: target for alias, target in self.aliases.items() if target.variant in names}
        return replace(self, entries=entries, aliases=aliases)

    def entry(self, name: str) -> PublishedImage | None:
        """The image of a variant."""
        return self.by_variant.get(name)

    # What a selection reads, as in a plan (raydock/plan/select.py).

    @property
    def variants(self) -> tuple[Planned, ...]:
        return tuple(entry.planned for entry in self.entries)

    @property
    def excluded(self) -> tuple[Excluded, ...]:
        return ()

    def refused(self, group: str) -> tuple[Excluded, ...]:  # noqa: ARG002
        """None: only variants that exist are published."""
        return ()

    @property
    def group_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(group for planned in self.variants for group in planned.groups))

    def values(self, axis: Axis) -> tuple[str, ...]:
        """Every value of an axis that an image has."""
        return tuple(dict.fromkeys(getattr(entry.variant, axis) for entry in self.entries))


def dump(release: Release) -> bytes:
    """A release as JSON."""
    document = plain(release)
    del document["name"], document["entries"]
    aliases = document.pop("aliases")
    document = {
        "schema": SCHEMA,
        **document,
        "variants": list(map(_entry_document, release.entries)),
        "aliases": aliases,
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def load(data: bytes, origin: str) -> Release:
    """Read a release.

    Raises ConfigurationError if it is damaged or has a newer schema.
    """
    try:
        document = json.loads(data)
        schema = int(document["schema"])
    except (ValueError, KeyError, TypeError):
        raise damaged(origin, "it is not JSON with a schema") from None
    if schema > SCHEMA:
        raise ConfigurationError(
            f"{origin} has schema {schema}, and this raydock reads schemas up to {SCHEMA}.",
            meaning="A newer raydock published it.",
            todo="update raydock.",
        )
    try:
        entries = tuple(map(_entry, document["variants"]))
        return replace(msgspec.convert({**document, "entries": ()}, Release), entries=entries, name=origin)
    except (KeyError, TypeError, ValueError, AttributeError, msgspec.ValidationError) as error:
        raise damaged(origin, f"{type(error).__name__}: {error}") from None


class DamagedError(ConfigurationError):
    """A release that cannot be read."""


def damaged(origin: str, reason: str) -> DamagedError:
    """The error for a release that cannot be read."""
    return DamagedError(
        f"{origin} is damaged: {reason}.",
        meaning="It does not tell what is published. The images themselves did not change.",
        todo="run `./build.py publish --force`, which writes it again from the builds on this engine.",
    )


def _entry_document(entry: PublishedImage) -> dict[str, Any]:
    document = plain(entry)
    planned = document.pop("planned")
    flavor = planned.pop("variant")["flavor"]
    axes = {"name": entry.name, "axes": entry.variant.axes, "flavor": flavor}
    return {**axes, **planned, "tags": [entry.tag, entry.name], **document}


def _entry(document: dict[str, Any]) -> PublishedImage:
    planned = {**document, "variant": {**document["axes"], "flavor": document["flavor"]}}
    # raydock 0.1 does not write `content`.
    image = msgspec.convert({"content": "", **document, "planned": planned}, PublishedImage)
    if image.name != document["name"]:
        raise ValueError(f"{document['name']} has the axes of {image.name}")
    return image
