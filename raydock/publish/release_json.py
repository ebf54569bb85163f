"""release.json, schema 1 (docs/reference/json.md): written, and read strictly."""

import json
from dataclasses import replace
from typing import Any

import msgspec

from raydock.core.errors import ConfigurationError
from raydock.core.models import plain
from raydock.publish.release import PublishedImage, Release

SCHEMA = 1


def dump(release: Release) -> bytes:
    """A release as JSON."""
    document = plain(release)
    del document["where"], document["entries"]
    aliases = document.pop("aliases")
    document = {"schema": SCHEMA, **document, "variants": list(map(_entry, release.entries)), "aliases": aliases}
    return (json.dumps(document, indent=1) + "\n").encode()


def load(data: bytes, where: str) -> Release:
    """Reads a release. Raises ConfigurationError where it is damaged, or of a newer schema."""
    try:
        document = json.loads(data)
        schema = int(document["schema"])
    except (ValueError, KeyError, TypeError):
        raise damaged(where, "it is not JSON with a schema") from None
    if schema > SCHEMA:
        raise ConfigurationError(
            f"{where} is of schema {schema}, and this raydock reads up to {SCHEMA}.",
            meaning="A newer raydock published it.",
            todo="update this one.",
        )
    try:
        entries = tuple(map(_read, document["variants"]))
        return replace(msgspec.convert({**document, "entries": ()}, Release), entries=entries, where=where)
    except (KeyError, TypeError, ValueError, AttributeError, msgspec.ValidationError) as error:
        raise damaged(where, f"{type(error).__name__}: {error}") from None


class DamagedError(ConfigurationError):
    """A release that cannot be read."""


def damaged(where: str, why: str) -> DamagedError:
    """A release that cannot be read, and why."""
    return DamagedError(
        f"{where} is damaged: {why}.",
        meaning="What is published cannot be known from it; the images themselves are as they were.",
        todo="`./build.py publish --force` writes it again from what this engine has built.",
    )


def _entry(item: PublishedImage) -> dict[str, Any]:
    document = plain(item)
    planned = document.pop("planned")
    flavor = planned.pop("variant")["flavor"]
    axes = {"name": item.name, "axes": item.variant.axes, "flavor": flavor}
    return {**axes, **planned, "tags": [item.tag, item.name], **document}


def _read(item: dict[str, Any]) -> PublishedImage:
    planned = {**item, "variant": {**item["axes"], "flavor": item["flavor"]}}
    # raydock 0.1 did not write `content`.
    image = msgspec.convert({"content": "", **item, "planned": planned}, PublishedImage)
    if image.name != item["name"]:
        raise ValueError(f"{item['name']} has the axes of {image.name}")
    return image
