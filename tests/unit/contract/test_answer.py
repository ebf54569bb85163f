from collections.abc import Callable
from typing import NoReturn

import pytest

from raydock.contract.answer import BrokenError, NotCheckedError, Part, check_clause, merge_parts
from raydock.core.errors import VariantError
from raydock.model.report import Status

OLD, NEW = "v1.3.0", "v1.7.0"


def _raising(error: Exception) -> Callable[[], NoReturn]:
    def check() -> NoReturn:
        raise error

    return check


def _part(status: Status, detail: str, release: str = "") -> Part:
    return Part(id="3-head", status=status, detail=detail, seconds=1.5, release=release)


def test_a_clause_that_is_kept_passes() -> None:
    part = check_clause("3-head", lambda: "the head starts", OLD)
    assert (part.id, part.status, part.detail, part.release) == ("3-head", Status.PASSED, "the head starts", OLD)


@pytest.mark.parametrize(
    ("error", "status"), [(BrokenError("no head"), Status.FAILED), (NotCheckedError("no GPU"), Status.SKIPPED)]
)
def test_a_clause_that_is_broken_fails_and_one_that_is_not_checked_is_skipped(error: Exception, status: Status) -> None:
    part = check_clause("3-head", _raising(error))
    assert (part.status, part.detail) == (status, str(error))


def test_an_image_without_the_command_breaks_the_clause() -> None:
    part = check_clause("1-shells", _raising(VariantError("x has no `/bin/bash`.", todo="build it.")))
    assert part.status is Status.FAILED
    assert part.detail == "x has no `/bin/bash`. No pod of this image starts."


def test_other_exceptions_are_passed_on() -> None:
    with pytest.raises(ZeroDivisionError):
        check_clause("1-shells", _raising(ZeroDivisionError()))


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        ((Status.PASSED, Status.PASSED), Status.PASSED),
        ((Status.PASSED, Status.FAILED), Status.FAILED),
        ((Status.SKIPPED, Status.FAILED), Status.FAILED),
        ((Status.SKIPPED, Status.PASSED), Status.SKIPPED),
    ],
)
def test_the_worst_part_is_the_status_of_the_clause(states: tuple[Status, Status], whole: Status) -> None:
    check = merge_parts([_part(state, "d") for state in states])
    assert (check.id, check.status, check.seconds) == ("3-head", whole, 3.0)


def test_equal_details_of_both_releases_appear_once() -> None:
    check = merge_parts([_part(Status.PASSED, "the head starts", OLD), _part(Status.PASSED, "the head starts", NEW)])
    assert check.detail == "the head starts"


def test_different_details_have_the_releases() -> None:
    check = merge_parts([_part(Status.FAILED, "no head", OLD), _part(Status.PASSED, "the head starts", NEW)])
    assert check.detail == "v1.3.0: no head; v1.7.0: the head starts"
