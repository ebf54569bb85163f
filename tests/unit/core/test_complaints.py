"""Explain msgspec's errors in terms of the file."""

import re
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from packaging.specifiers import SpecifierSet

from raydock.core.errors import ConfigurationError
from raydock.core.models import Entry, Flag, InvalidEntryError, written
from raydock.core.yamlfile import read

Python = Annotated[str, written('it like "3.11"', "a Python version", form=r"\d+\.\d+")]


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(Entry, frozen=True, kw_only=True):
    python: dict[Python, Color] = msgspec.field(default_factory=dict)
    is_last: Flag = "false"


class Whole(Entry, frozen=True, kw_only=True):
    parts: dict[str, Part] = msgspec.field(default_factory=dict)
    colors: dict[Color, tuple[Python, ...]] = msgspec.field(default_factory=dict)
    days: Annotated[int, written("a whole number, such as 14", "a number of days", least=1)] = 1
    count: int = 0
    share: float = 0
    day: date | None = None
    mirror: Python | Part | None = None
    form: re.Pattern[str] | None = None
    versions: SpecifierSet | None = None
    some: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("x",)

    def __post_init__(self) -> None:
        if self.count == 3:
            raise InvalidEntryError("{label} must not be 3.", "write 4.", "count")


@pytest.mark.parametrize(
    ("text", "line", "what", "todo"),
    [
        ("parts:\n  a: {}\n  b:\n    pithon: {}", 4, "'parts.b' has no key 'pithon'.", "Did you mean 'python'?"),
        ("parts:\n  a:\n    python:\n      3.x: red", 4, "'3.x' is not a Python version.", 'write it like "3.11".'),
        (
            "parts:\n  a:\n    python: {3.1: blue}\n  b:\n    python:\n      3.1: red\n      3.2: reed",
            7,
            "'reed' is not allowed for 'parts.b.python.3.2'.",
            "Did you mean 'red'?",
        ),
        ("parts: {a: {'b - at `$.c`': 1}}", 1, "'parts.a' has no key 'b - at `$.c`'.", "Known: python, is-last."),
        ("parts: {a: {is-last: yes}}", 1, "'yes' is not allowed for 'parts.a.is-last'.", "Known: false, true."),
        ("parts: {a: {is-last: TRUE}}", 1, "'TRUE' is not allowed for 'parts.a.is-last'.", "Known: false, true."),
        ("colors:\n  red: [3.1]\n  bleu: []", 3, "'colors' has no key 'bleu'.", "Did you mean 'blue'?"),
        ("colors:\n  red: [3.1]\n  blue:\n  - 3.1\n  - x", 5, "'x' is not a Python version.", 'write it like "3.11".'),
        ("colors:\n  red: 3.1", 2, "'colors.red' must be a list.", "write it as [a, b]."),
        ("colors: [red]", 1, "'colors' must be a mapping of keys to values.", ""),
        ("days: 0", 1, "'0' is not a number of days.", "write a whole number, such as 14."),
        ("days: x", 1, "'x' is not a number of days.", "write a whole number, such as 14."),
        ("days: [1]", 1, "'days' must be a single value.", ""),
        ("count: x", 1, "'x' is not a whole number.", "write it as 14."),
        ("count: 3", 1, "'count' must not be 3.", "write 4."),
        ("share: x", 1, "'x' is not a number.", "write it as 0.2."),
        ("day: soon", 1, "'soon' is not a date.", "write it as 2026-11-15."),
        ("mirror: x", 1, "'x' is not a Python version.", 'write it like "3.11".'),
        ("mirror: {pyton: {}}", 1, "'mirror' has no key 'pyton'.", "Did you mean 'python'?"),
        ("form: '('", 1, "'(' is not allowed for 'form': missing ), unterminated subpattern at position 0.", ""),
        ("form: [a]", 1, "'form' must be a single value.", ""),
        ("versions: x", 1, "'x' is not allowed for 'versions': Invalid specifier: 'x'.", ""),
        ("some: []", 1, "'some' is empty.", "add an entry, or remove the key."),
    ],
)
def test_a_complaint_has_the_line_the_value_and_what_to_write(
    tmp_path: Path, text: str, line: int, what: str, todo: str
) -> None:
    path = tmp_path / "whole.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read(path).convert(Whole)
    assert caught.value.what == f"{path}:{line}: {what}"
    assert caught.value.todo == todo


def test_a_form_applies_to_the_whole_text(tmp_path: Path) -> None:
    path = tmp_path / "whole.yaml"
    path.write_text('mirror: "3.11\\n"')
    with pytest.raises(ConfigurationError, match="is not a Python version"):
        read(path).convert(Whole)


def test_a_valid_document_is_converted(tmp_path: Path) -> None:
    path = tmp_path / "whole.yaml"
    path.write_text("{days: 3, share: 0.5, day: 2026-11-15, form: a+, versions: '<2', parts: {a: {is-last: true}}}")
    whole = read(path).convert(Whole)
    assert (whole.days, whole.share, whole.day, whole.versions) == (3, 0.5, date(2026, 11, 15), SpecifierSet("<2"))
    assert whole.form
    assert whole.form.fullmatch("aa")
    assert whole.parts["a"].is_last == "true"
