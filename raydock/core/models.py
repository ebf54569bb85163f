"""The parts of models of documents.

A model is a class that extends Entry. Its fields are the keys of a mapping (`os_packages` is `os-packages` in the
file), and their types define the valid values. docs/explanation/decisions/data-models.md explains why.
"""

import datetime
import re
from typing import Any, Literal, TypeVar, get_origin

import msgspec

# Not bool: YAML and msgspec accept further texts for a bool, which many readers do not know.
Flag = Literal["true", "false"]

Model = TypeVar("Model")


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A mapping in a file. Unknown keys are refused."""


class Dated(Entry, frozen=True, kw_only=True):
    """A data file, or an entry of one, with its source.

    Attributes:
        source: the documents that it comes from.
        date: the day on which they were read.
    """

    source: str
    date: datetime.date


class InvalidEntryError(ValueError):
    """A model refuses values that are each valid by their types.

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
    """The form of a scalar, for the error about an invalid one.

    write: what to write.
    name: the name of such a value; empty if it has none.
    form: a regular expression for the whole text.
    least: the smallest number.
    """
    extra = {"write": write, "name": name}
    if form is None:
        return msgspec.Meta(ge=least, extra=extra)
    return msgspec.Meta(pattern=rf"^(?:{form})$(?!\n)", extra=extra)


def convert(tree: object, model: type[Model]) -> Model:
    """Convert dicts, lists and texts to a value of a model.

    Raises msgspec.ValidationError if they are not one.
    """
    return msgspec.convert(tree, model, strict=False, dec_hook=_from_text)


def plain(value: object) -> Any:
    """Convert a value to dicts, lists and the scalars of JSON: the inverse of `convert`."""
    return msgspec.to_builtins(value)


def _from_text(model: type, value: object) -> object:
    """Create a value of a type that msgspec does not support from its text."""
    if not isinstance(value, str):
        raise TypeError("the value must be a text")
    if get_origin(model) is not re.Pattern:
        return model(value)
    try:
        return re.compile(value)
    except re.error as error:
        raise ValueError(str(error)) from None
