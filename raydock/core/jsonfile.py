"""JSON documents of raydock, read back as values of their types."""

import json
from pathlib import Path
from typing import Any

import msgspec

from raydock.core.models import Model


def read(path: Path, schema: int) -> dict[str, Any] | None:
    """The document in a file; None if there is none, or none of this schema."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) and document.get("schema") == schema else None


def value(document: object, model: type[Model]) -> Model | None:
    """A part of a document as a value of a type; None if it is not one."""
    try:
        return msgspec.convert(document, model)
    except msgspec.ValidationError:
        return None
