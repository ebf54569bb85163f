"""The configured builder of buildx, if it is not the engine's own."""

import hashlib
import json
import os
from pathlib import Path

from raydock.engine import dockerconfig
from raydock.engine.endpoint import DEFAULT, Endpoint


def configured(endpoint: Endpoint) -> str:
    """The builder that `docker buildx build` would use on an engine, and its origin.

    Empty for the engine's own.
    Source: docker/buildx, store/store.go and store/storeutil, 0.13 to 0.29, read 2026-11-29.
    """
    variable = os.environ.get("BUILDX_BUILDER", "")
    if variable:
        return "" if variable in (DEFAULT, endpoint.context) else f"{variable!r} (BUILDX_BUILDER)"
    folder = Path(os.environ.get("BUILDX_CONFIG") or dockerconfig.folder() / "buildx")
    key = endpoint.address if endpoint.context == DEFAULT else endpoint.context
    default = folder / "defaults" / hashlib.sha256(key.encode()).hexdigest()
    for name in (_in_use(folder / "current", key), _read(default)):
        if name and (folder / "instances" / name).is_file():
            return f"{name!r} (`docker buildx use`)"
    return ""


def _in_use(file: Path, key: str) -> str:
    """The name of the builder in use for all engines or for the engine of this key.

    Otherwise empty.
    """
    try:
        document = json.loads(_read(file) or "{}")
        return str(document["Name"]) if document["Global"] or document["Key"] == key else ""
    except (ValueError, KeyError, TypeError):
        return ""


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError):
        return ""
