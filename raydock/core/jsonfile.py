"""JSON documents of raydock: written, and read back as values of their types."""

import json
from pathlib import Path
from typing import Any

import msgspec

from raydock.core.files import write_whole
from raydock.core.models import Model


def write(path: Path, content: dict[str, Any]) -> None:
    """Writes a document, whole or not at all. Raises OutOfReachError if the disk refuses."""
    write_whole(path, json.dumps(content, indent=1) + "\n")


def read(path: Path, schema: int) -> dict[str, Any] | None:
    """The document in a file; None if there is none, or none of this schema."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("schema") == schema else None


def value(content: object, model: type[Model]) -> Model | None:
    """A document, or a part of it, as a value of a type; None if it is not one."""
    try:
        return msgspec.convert(content, model)
    except msgspec.ValidationError:
        return None
