"""Write release.json, schema 1 (docs/reference/json.md), and read it strictly."""

import json
import re
from collections.abc import Mapping
from typing import Any

from raydock.core.errors import ConfigurationError
from raydock.model.variant import Axis, Variant
from raydock.plan.planner import Planned
from raydock.publish.release import AliasTarget, PublishedImage, Release

SCHEMA = 1
_WORD, _DRIVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*"), re.compile(r"[0-9.]*")
_FLAVOR = re.compile(r"[a-z0-9]*")
_DIGEST, _HEX = re.compile(r"sha256:[0-9a-f]{64}"), re.compile(r"[0-9a-f]{64}")
_FORMS = {
    "fingerprint": _HEX,
    "content": re.compile(r"(sha256:[0-9a-f]{64})?"),
    "image_id": _DIGEST,
    "digest": _DIGEST,
    "python": _WORD,
    "lock_sha256": _HEX,
}
_ANY = re.compile(r".*", re.DOTALL)
_MAPS = {"packages": _ANY, "files": _DIGEST, "attached": _DIGEST}
_COPIED = (
    *("fingerprint", "image_id", "digest", "media_type", "manifest_bytes", "compressed_bytes", "python", "lock_sha256"),
    *("content", "published", "signed", "packages", "reports", "files", "attached"),
)


def dump(release: Release) -> bytes:
    """A release as JSON."""
    document = {
        "schema": SCHEMA,
        "id": release.id,
        "created": release.created,
        "raydock": release.raydock,
        "commit": release.commit,
        "variants": [_entry_document(entry) for entry in release.entries],
        "aliases": {
            name: {"variant": target.variant, "fingerprint": target.fingerprint, "digest": target.digest}
            for name, target in release.aliases.items()
        },
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
        return _release(document, origin)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
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
    planned = entry.planned
    return {
        "name": entry.name,
        "axes": entry.variant.axes,
        "flavor": entry.variant.flavor,
        "groups": list(planned.groups),
        "kuberay": planned.kuberay,
        "tags": [entry.tag, entry.name],
        "min_driver": planned.min_driver,
        "sm": list(planned.sm),
        "glibc": planned.glibc,
        **{key: getattr(entry, key) for key in _COPIED},
    }


def _release(document: Mapping[str, Any], origin: str) -> Release:
    return Release(
        id=_text(document["id"]),
        created=_text(document["created"]),
        raydock=_text(document["raydock"]),
        commit=_text(document["commit"]),
        entries=tuple(_entry(entry) for entry in document["variants"]),
        aliases={name: _alias_target(target) for name, target in document["aliases"].items()},
        origin=origin,
    )


def _entry(document: Mapping[str, Any]) -> PublishedImage:
    axes = {axis.value: _matching(_WORD, document["axes"][axis.value]) for axis in Axis}
    variant = Variant(**axes, flavor=_matching(_FLAVOR, document["flavor"]))
    if variant.name != document["name"]:
        raise ValueError(f"{document['name']} has the axes of {variant.name}")
    planned = Planned(
        variant=variant,
        groups=tuple(map(_text, document["groups"])),
        min_driver=_matching(_DRIVER, document["min_driver"]),
        sm=tuple(map(int, document["sm"])),
        glibc=_text(document["glibc"]),
        kuberay=bool(document["kuberay"]),
    )
    document = {"content": "", **document}  # raydock 0.1 does not write it
    for key, form in _FORMS.items():
        _matching(form, document[key])
    for key, form in _MAPS.items():
        for value in document[key].values():
            _matching(form, value)
    return PublishedImage(planned=planned, **{key: document[key] for key in _COPIED})


def _alias_target(document: Mapping[str, Any]) -> AliasTarget:
    return AliasTarget(
        variant=_text(document["variant"]),
        fingerprint=_matching(_HEX, document["fingerprint"]),
        digest=_matching(_DIGEST, document["digest"]),
    )


def _matching(form: re.Pattern[str], value: object) -> str:
    """Text that matches a form.

    The values of a release end up in manifests and scripts.
    """
    if not form.fullmatch(_text(value)):
        raise ValueError(f"{value!r} is not allowed")
    return str(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
