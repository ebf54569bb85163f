"""Write release.json, schema 1 (docs/reference/json.md), and read it strictly."""

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
    del document["origin"], document["entries"]
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
        return replace(msgspec.convert({**document, "entries": ()}, Release), entries=entries, origin=origin)
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
