"""The probe's answers, among all other output of an image."""

import json
from typing import Any

import pytest

from raydock.model.report import Status
from raydock.smoke.probe_client import parse

CHECK = {"id": "user", "status": "passed", "detail": "uid 1000", "seconds": 0.1, "warnings": []}
DOCUMENT = {"schema": 1, "name": "ray2.60.0-py311-cpu", "axes": {}, "python": "3.11.2", "checks": [CHECK]}
TEXT = json.dumps(DOCUMENT, indent=1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "\n"),
        ("Welcome\n", "\nbye\n"),
        ("no newline", "no newline"),
        ("\x1b[31m\ufffd\x00", "\x1b[0m"),
        ('{"a": {', "}}"),
        ('{"schema": 1, "checks": 5}', '{"schema": 1}'),
        ('{"schema": 2, "name": "x"} ', ' {"schema": [[[[ '),
        ("[" * 100_000, "{" * 100_000),
        ("x" * 5_000_000, "{}\n" * 100_000),
        ('{"schema": ' * 1000, ""),
    ],
)
def test_other_output_does_not_change_the_answers(before: str, after: str) -> None:
    answers = parse(before + TEXT + after)
    assert answers
    assert (answers.name, answers.python) == ("ray2.60.0-py311-cpu", "3.11.2")
    assert answers.checks["user"].status is Status.PASSED


def test_texts_of_the_image_are_printable_and_limited() -> None:
    check = {**CHECK, "detail": "\x1b[31mred\x1b[0m\r\x00" + "x" * 9999, "warnings": ["a\x07b"]}
    answers = parse(json.dumps({**DOCUMENT, "checks": [check]}))
    assert answers
    assert answers.checks["user"].detail.startswith("red xxx")
    assert len(answers.checks["user"].detail) == 4000
    assert answers.checks["user"].warnings == ("a b",)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"schema": "1"},
        {"checks": 5},
        {"checks": None},
        {"checks": {"a": "b"}},
        {"checks": ["user"]},
        {"checks": [[]]},
        {"checks": [{}]},
        {"checks": [{**CHECK, "status": "fine"}]},
        {"checks": [{**CHECK, "status": []}]},
        {"checks": [{**CHECK, "id": ["user"]}]},
        {"checks": [{**CHECK, "id": None}]},
        {"checks": [{**CHECK, "detail": 5}]},
        {"checks": [{**CHECK, "seconds": "fast"}]},
        {"checks": [{**CHECK, "warnings": 5}]},
        {"checks": [{**CHECK, "more": 1}]},
        {"name": None},
        {"name": ["x"]},
        {"python": 3.11},
    ],
)
def test_an_invalid_document_is_not_an_answer(change: dict[str, Any]) -> None:
    assert parse(json.dumps({**DOCUMENT, **change})) is None


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "5", '"schema"', '{"schema": 1}', TEXT[:-5], "\ufffd\x00"])
def test_output_without_a_document_is_not_an_answer(text: str) -> None:
    assert parse(text) is None
