"""Explain msgspec's errors in terms of the file that the user wrote."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from typing import Any

import msgspec
from msgspec import inspect

from raydock.core.errors import nearest
from raydock.core.models import InvalidEntryError, convert

Steps = tuple[str | int, ...]
# A type, and the message of `written` about its values.
Kind = tuple[inspect.Type, dict[str, Any]]

_PLACE = re.compile(r" - at (?P<key>`key` in )?`\$(?P<path>(?:\.[^.\[`]+|\[(?:\d+|\.\.\.)\])*)`$")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_UNNAMED = "..."
_MISSING = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
# By the beginning of msgspec's message: what is wrong, and what to write.
_CONTAINERS = {
    "Expected `array` of length": ("is empty", "add an entry, or remove the key."),
    "Expected `array`": ("must be a list", "write it as [a, b]."),
    "Expected `object`": ("must be a mapping of keys to values", ""),
}
_SCALARS = {
    "Expected `int`": ("a whole number", "write it as 14."),
    "Expected `float`": ("a number", "write it as 0.2."),
    "Invalid RFC3339 encoded date": ("a date", "write it as 2026-11-15."),
}


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """A problem in a document.

    Attributes:
        steps: the keys and indexes that lead to the value from the document's root.
        on_key: whether the last step, a key, is wrong, and not its value.
        what: what is wrong, a sentence.
        todo: what to write instead.
    """

    steps: Steps
    on_key: bool = False
    what: str
    todo: str


def explain(error: msgspec.ValidationError, tree: Any, model: Any) -> Complaint:
    """Explain an error of `convert(tree, model)`. This removes entries from `tree`."""
    place = _PLACE.search(str(error))
    message, on_key = str(error)[: place.start() if place else None], bool(place and place["key"])
    path = [name or index for name, index in _STEP.findall(place["path"] if place else "")]
    steps = _steps(error, tree, model, [*path, *([_UNNAMED] if on_key else [])])
    cause = error.__cause__
    if isinstance(cause, InvalidEntryError):
        steps = (*steps, *cause.steps)
        return Complaint(steps=steps, what=cause.what.replace("{label}", label(steps)), todo=cause.todo)
    kinds = tuple(_kinds(inspect.type_info(model), steps, on_key=on_key))
    if match := _MISSING.fullmatch(message):
        return Complaint(steps=steps, what=f"{label(steps)} lacks the key {match[1]!r}.", todo=f"add `{match[1]}:`.")
    if match := _UNKNOWN.fullmatch(message):
        steps, on_key = (*steps, match[1]), True
    if on_key:
        what, todo = _about_key(str(steps[-1]), label(steps[:-1]), kinds)
    else:
        what, todo = _about_value(_value(tree, steps), label(steps), message, kinds)
    return Complaint(steps=steps, on_key=on_key, what=what, todo=todo)


def label(steps: Steps) -> str:
    """The name of a value in messages: the keys that lead to it."""
    keys = [step for step in steps if isinstance(step, str)]
    return repr(".".join(keys)) if keys else "the file"


def _steps(error: msgspec.ValidationError, tree: Any, model: Any, path: list[str]) -> Steps:
    """The steps to the value. msgspec does not name the keys of mappings, so each is tried alone in the tree."""
    steps: Steps = ()
    for step in path:
        container = _value(tree, steps)
        if step == _UNNAMED:
            for key, value in list(container.items()):
                container.clear()
                container[key] = value
                if _message(tree, model) == str(error):
                    break
            steps = (*steps, *container)
        else:
            steps = (*steps, int(step) if isinstance(container, list) else step)
    return steps


def _message(tree: Any, model: Any) -> str:
    """msgspec's error for a tree; empty if the tree is a value of the model."""
    try:
        convert(tree, model)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _value(tree: Any, steps: Steps) -> Any:
    return reduce(getitem, steps, tree)


def _kinds(kind: inspect.Type, steps: Steps, *, on_key: bool) -> Iterator[Kind]:
    """The possible types of the value that the steps lead to."""
    for option, extra in _options(kind):
        if not steps:
            yield option, extra
            continue
        if inner := _inner(option, steps[0], is_key=on_key and len(steps) == 1):
            yield from _kinds(inner, steps[1:], on_key=on_key)


def _options(kind: inspect.Type) -> Iterator[Kind]:
    """The alternatives of a type."""
    if isinstance(kind, inspect.UnionType):
        for option in kind.types:
            yield from _options(option)
    elif isinstance(kind, inspect.Metadata):
        yield kind.type, kind.extra or {}
    else:
        yield kind, {}


def _inner(kind: inspect.Type, step: str | int, *, is_key: bool) -> inspect.Type | None:
    """The type of the value that a step leads to; None if the type has no such step."""
    if isinstance(kind, inspect.StructType):
        return next((field.type for field in kind.fields if field.encode_name == step), None)
    if isinstance(kind, inspect.DictType):
        return kind.key_type if is_key else kind.value_type
    item_type: inspect.Type | None = getattr(kind, "item_type", None)
    return item_type


def _known_keys(kinds: Iterable[Kind]) -> list[str]:
    """The keys that a mapping of these types can have; empty if it can have any."""
    return [field.encode_name for kind, _ in kinds for field in getattr(kind, "fields", ())] or _known_values(kinds)


def _known_values(kinds: Iterable[Kind]) -> list[str]:
    """The values of enumerations."""
    names: list[str] = []
    for kind, _ in kinds:
        if isinstance(kind, inspect.EnumType):
            names += [str(member.value) for member in kind.cls]
        elif isinstance(kind, inspect.LiteralType):
            names += map(str, kind.values)
    return names


def _about_key(key: str, owner: str, kinds: Sequence[Kind]) -> tuple[str, str]:
    if names := _known_keys(kinds):
        return f"{owner} has no key {key!r}.", nearest(key, names)
    return _malformed(key, owner, kinds) or (f"{key!r} is not allowed as a key of {owner}.", "")


def _about_value(value: Any, name: str, message: str, kinds: Sequence[Kind]) -> tuple[str, str]:
    for begin, (what, todo) in _CONTAINERS.items():
        if message.startswith(begin):
            return f"{name} {what}.", todo
    if not isinstance(value, str):
        return f"{name} must be a single value.", ""
    if names := _known_values(kinds):
        return f"{value!r} is not allowed for {name}.", nearest(value, names)
    if form := _malformed(value, name, kinds):
        return form
    for begin, (what, todo) in _SCALARS.items():
        if message.startswith(begin):
            return f"{value!r} is not {what}.", todo
    return f"{value!r} is not allowed for {name}: {message}.", ""


def _malformed(value: str, name: str, kinds: Sequence[Kind]) -> tuple[str, str] | None:
    """The problem of a text whose type has a form; None if no type has one."""
    extra = next((extra for _, extra in kinds if extra), None)
    if extra is None:
        return None
    return f"{value!r} is not {extra['name'] or f'allowed for {name}'}.", f"write {extra['write']}."
