"""The probe's answers, read out of all that an image prints."""

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
def test_other_output_does_not_disturb_the_answers(before: str, after: str) -> None:
    found = parse(before + TEXT + after)
    assert found
    assert (found.name, found.python) == ("ray2.60.0-py311-cpu", "3.11.2")
    assert found.checks["user"].status is Status.PASSED


def test_what_the_image_says_is_made_fit_to_print() -> None:
    check = {**CHECK, "detail": "\x1b[31mred\x1b[0m\r\x00" + "x" * 9999, "warnings": ["a\x07b"]}
    found = parse(json.dumps({**DOCUMENT, "checks": [check]}))
    assert found
    assert found.checks["user"].detail.startswith("red xxx")
    assert len(found.checks["user"].detail) == 4000
    assert found.checks["user"].warnings == ("a b",)


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
def test_a_document_of_another_shape_is_no_answer(change: dict[str, Any]) -> None:
    assert parse(json.dumps({**DOCUMENT, **change})) is None


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "5", '"schema"', '{"schema": 1}', TEXT[:-5], "\ufffd\x00"])
def test_no_document_is_no_answer(text: str) -> None:
    assert parse(text) is None
