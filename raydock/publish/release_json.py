"""release.json, schema 1 (docs/reference/json.md): written, and read strictly."""

import json
import re
from collections.abc import Mapping
from typing import Any

from raydock.core.errors import ConfigurationError
from raydock.model.variant import Axis, Variant
from raydock.plan.planner import Planned
from raydock.publish.release import Named, PublishedImage, Release

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
_SAME = (
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
        "variants": [_entry(item) for item in release.entries],
        "aliases": {
            name: {"variant": item.variant, "fingerprint": item.fingerprint, "digest": item.digest}
            for name, item in release.aliases.items()
        },
    }
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
        return _release(document, where)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
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
    planned = item.planned
    return {
        "name": item.name,
        "axes": item.variant.axes,
        "flavor": item.variant.flavor,
        "groups": list(planned.groups),
        "kuberay": planned.kuberay,
        "tags": [item.tag, item.name],
        "min_driver": planned.min_driver,
        "sm": list(planned.sm),
        "glibc": planned.glibc,
        **{key: getattr(item, key) for key in _SAME},
    }


def _release(document: Mapping[str, Any], where: str) -> Release:
    return Release(
        id=_text(document["id"]),
        created=_text(document["created"]),
        raydock=_text(document["raydock"]),
        commit=_text(document["commit"]),
        entries=tuple(_read(item) for item in document["variants"]),
        aliases={name: _named(item) for name, item in document["aliases"].items()},
        where=where,
    )


def _read(item: Mapping[str, Any]) -> PublishedImage:
    axes = {axis.value: _matching(_WORD, item["axes"][axis.value]) for axis in Axis}
    variant = Variant(**axes, flavor=_matching(_FLAVOR, item["flavor"]))
    if variant.name != item["name"]:
        raise ValueError(f"{item['name']} has the axes of {variant.name}")
    planned = Planned(
        variant=variant,
        groups=tuple(map(_text, item["groups"])),
        min_driver=_matching(_DRIVER, item["min_driver"]),
        sm=tuple(map(int, item["sm"])),
        glibc=_text(item["glibc"]),
        kuberay=bool(item["kuberay"]),
    )
    item = {"content": "", **item}  # raydock 0.1 did not write it
    for key, form in _FORMS.items():
        _matching(form, item[key])
    for key, form in _MAPS.items():
        for value in item[key].values():
            _matching(form, value)
    return PublishedImage(planned=planned, **{key: item[key] for key in _SAME})


def _named(item: Mapping[str, Any]) -> Named:
    return Named(
        variant=_text(item["variant"]),
        fingerprint=_matching(_HEX, item["fingerprint"]),
        digest=_matching(_DIGEST, item["digest"]),
    )


def _matching(form: re.Pattern[str], value: object) -> str:
    """Text of a form: what a registry says ends in manifests and scripts."""
    if not form.fullmatch(_text(value)):
        raise ValueError(f"{value!r} is not allowed")
    return str(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
