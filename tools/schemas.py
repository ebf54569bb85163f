"""Write the JSON schemas of matrix.yaml, scan.yaml and hosts.yaml to docs/reference/, for editors.

    .venv/bin/python -m tools.schemas           writes them
    .venv/bin/python -m tools.schemas --check   exits with 1 if one is out of date

A schema has what a model of raydock has: keys, types, forms, defaults, docstrings. It lacks the checks that a model
makes in code, such as whether a group's pattern names a value of its axis.
"""

import json
import re
import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec

from raydock.core.files import write_whole
from raydock.core.models import Entry
from raydock.hosts.names import HostsFile
from raydock.model.matrixfile import MatrixFile
from raydock.model.policy import Policy

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
MODELS = {"matrix": MatrixFile, "scan": Policy, "hosts": HostsFile}

_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)
# What raydock adds to entries, and files do not have.
_ADDED = "place"


def schema(name: str) -> str:
    """The text of a file's schema."""
    (root,), parts = msgspec.json.schema_components((MODELS[name],), schema_hook=lambda _: {"type": "string"})
    models = {model.__name__: model for model in _subclasses(Entry)}
    definitions = {part: _described(models[part], _simple(form)) for part, form in sorted(parts.items())}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"{name}.yaml", **root}
    return json.dumps({**head, "$defs": definitions}, indent=1) + "\n"


def main() -> None:
    """Write the schemas, or check them."""
    stale = [name for name in MODELS if not _path(name).exists() or _path(name).read_text() != schema(name)]
    if "--check" in sys.argv:
        todo = "Next: .venv/bin/python -m tools.schemas"
        sys.exit("\n".join(f"{_path(name)} is out of date.\n{todo}" for name in stale) or 0)
    for name in stale:
        write_whole(_path(name), schema(name))


def _path(name: str) -> Path:
    return FOLDER / f"{name}.schema.json"


def _subclasses(model: type[Entry]) -> Iterator[type[Entry]]:
    for child in model.__subclasses__():
        yield child
        yield from _subclasses(child)


def _simple(form: Any) -> Any:
    """A schema without what only Python needs: defaults of absent keys, texts for booleans."""
    if isinstance(form, list):
        return [_simple(item) for item in form]
    if not isinstance(form, dict):
        return form.replace(r"(?!\n)", "") if isinstance(form, str) else form
    if form.get("enum") == ["false", "true"]:
        default = {"default": form["default"] == "true"} if "default" in form else {}
        return {"type": "boolean", **default}
    simple = {key: _simple(value) for key, value in form.items() if key != "default" or value not in (None, [], {})}
    if simple.pop("x-number", False):
        simple["type"] = ["string", "number"]
    options = [option for option in simple.pop("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        return {**options[0], **simple}
    return {**simple, **({"anyOf": options} if options else {})}


def _described(model: type[Entry], form: dict[str, Any]) -> dict[str, Any]:
    """A model's schema with the docstrings of the model and of its fields."""
    documents = [cleandoc(base.__doc__ or "") for base in reversed(model.__mro__) if base is not Entry]
    texts = {name: _line(text) for document in documents for name, text in _ATTRIBUTE.findall(document)}
    names = dict(zip(model.__struct_encode_fields__, model.__struct_fields__, strict=True))
    properties = {
        key: {**value, "description": texts[names[key]]} for key, value in form["properties"].items() if key != _ADDED
    }
    description = _line(documents[-1].partition("\n\n")[0])
    return {**form, "title": model.__name__, "description": description, "properties": properties}


def _line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    main()
