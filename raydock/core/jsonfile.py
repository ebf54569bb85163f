"""Write raydock's JSON documents, and read them as values of their types."""

import json
from pathlib import Path
from typing import Any

import msgspec

from raydock.core.files import write_whole
from raydock.core.models import Model


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a document completely or not at all.

    Raises OutOfReachError if the disk refuses.
    """
    write_whole(path, json.dumps(content, indent=1) + "\n")


def read(path: Path, schema: int) -> dict[str, Any] | None:
    """Read a document; None if the file is missing, is not JSON, or has a different schema."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("schema") == schema else None


def value(content: object, model: type[Model]) -> Model | None:
    """Convert a document, or a part of it, to a value of a type; None if it is not one."""
    try:
        return msgspec.convert(content, model)
    except msgspec.ValidationError:
        return None
