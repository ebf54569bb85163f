from collections.abc import Callable
from typing import NoReturn

import pytest

from raydock.contract.answer import BrokenError, Part, UnaskedError, answered, merged
from raydock.core.errors import VariantError
from raydock.model.report import Status

OLD, NEW = "v1.3.0", "v1.7.0"


def _raising(error: Exception) -> Callable[[], NoReturn]:
    def ask() -> NoReturn:
        raise error

    return ask


def _part(status: Status, detail: str, release: str = "") -> Part:
    return Part(number=3, status=status, detail=detail, seconds=1.5, release=release)


def test_a_clause_that_is_kept() -> None:
    part = answered(3, lambda: "the head starts", OLD)
    assert (part.number, part.status, part.detail, part.release) == (3, Status.PASSED, "the head starts", OLD)


@pytest.mark.parametrize(
    ("error", "status"), [(BrokenError("no head"), Status.FAILED), (UnaskedError("no GPU"), Status.SKIPPED)]
)
def test_a_clause_that_is_broken_or_not_asked(error: Exception, status: Status) -> None:
    part = answered(3, _raising(error))
    assert (part.status, part.detail) == (status, str(error))


def test_an_image_without_the_command_breaks_the_clause() -> None:
    part = answered(1, _raising(VariantError("x has no `/bin/bash`.", todo="build it.")))
    assert part.status is Status.FAILED
    assert part.detail == "x has no `/bin/bash`. No pod of this image starts."


def test_what_is_no_answer_goes_on_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        answered(1, _raising(ZeroDivisionError()))


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        ((Status.PASSED, Status.PASSED), Status.PASSED),
        ((Status.PASSED, Status.FAILED), Status.FAILED),
        ((Status.SKIPPED, Status.FAILED), Status.FAILED),
        ((Status.SKIPPED, Status.PASSED), Status.SKIPPED),
    ],
)
def test_the_worst_part_decides(states: tuple[Status, Status], whole: Status) -> None:
    check = merged("3-head", [_part(state, "d") for state in states])
    assert (check.id, check.status, check.seconds) == ("3-head", whole, 3.0)


def test_what_both_kuberays_answer_is_said_once() -> None:
    check = merged(
        "3-head", [_part(Status.PASSED, "the head starts", OLD), _part(Status.PASSED, "the head starts", NEW)]
    )
    assert check.detail == "the head starts"


def test_what_they_answer_differently_is_said_with_their_versions() -> None:
    check = merged("3-head", [_part(Status.FAILED, "no head", OLD), _part(Status.PASSED, "the head starts", NEW)])
    assert check.detail == "v1.3.0: no head; v1.7.0: the head starts"
