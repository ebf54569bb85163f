"""The parts of which models of documents are made.

A model is a class that extends Entry. Its fields are the keys of a mapping (`os_packages` is `os-packages` in the
file), and their types say what the values must be. docs/explanation/decisions/data-models.md says why.
"""

import datetime
import re
from typing import Any, Literal, TypeVar, get_origin

import msgspec

# Not bool: of the other words that YAML and msgspec take for one, most readers know only some.
Flag = Literal["true", "false"]

Model = TypeVar("Model")


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A mapping of a file. Keys that are not among its fields are refused."""


class Dated(Entry, frozen=True, kw_only=True):
    """A file, or an entry of one, of dated knowledge.

    Attributes:
        source: the documents that it is from.
        date: the day on which they were read.
    """

    source: str
    date: datetime.date


class InvalidEntryError(ValueError):
    """What a model refuses after each of its values is as its type says.

    Attributes:
        what: what is wrong, a sentence.
        todo: what to write instead.
        steps: the keys and indexes that lead from the model to the value.
    """

    def __init__(self, what: str, todo: str, *steps: str | int) -> None:
        super().__init__(what)
        self.what = what
        self.todo = todo
        self.steps = steps


def written(write: str, name: str = "", *, form: str | None = None, least: int | None = None) -> msgspec.Meta:
    """How a scalar is written, for the message about one that is not.

    write: what to write.
    name: what such a value is called; empty if it has no name of its own.
    form: a regular expression for all of a text.
    least: the least number.
    """
    extra = {"write": write, "name": name}
    if form is None:
        return msgspec.Meta(ge=least, extra=extra)
    return msgspec.Meta(pattern=rf"^(?:{form})$(?!\n)", extra=extra)


def convert(tree: object, model: type[Model]) -> Model:
    """Dicts, lists and texts as a value of a model. Raises msgspec.ValidationError if they are not one."""
    return msgspec.convert(tree, model, strict=False, dec_hook=_custom)


def plain(value: object) -> Any:
    """A value as dicts, lists and what JSON has. The inverse of `convert`."""
    return msgspec.to_builtins(value)


def _custom(model: type, value: object) -> object:
    """A value of a type that msgspec does not know: made from the text."""
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    if get_origin(model) is not re.Pattern:
        return model(value)
    try:
        return re.compile(value)
    except re.error as error:
        raise ValueError(str(error)) from None
