"""Work on several items of which some fail."""

import pytest

from raydock.core.errors import OutOfReachError, RaydockError, VariantError
from raydock.core.outcomes import attempt, attempt_each, split

BEFORE = VariantError("it is not built.")


def half(number: int) -> int:
    if number % 2:
        raise VariantError(f"{number} is odd.")
    return number // 2


def test_an_item_that_is_an_error_stays_as_it_is() -> None:
    assert attempt(half, BEFORE) is BEFORE
    assert attempt(half, 4) == 2


def test_each_item_has_a_result_or_an_error_in_the_order_of_the_items() -> None:
    items: dict[str, int | RaydockError] = {"first": 3, "second": 4, "third": BEFORE, "fourth": 8}
    results, errors = attempt_each(half, items, 2)
    assert list(results.items()) == [("second", 2), ("fourth", 4)]
    assert [(name, error.what) for name, error in errors.items()] == [
        ("first", "3 is odd."),
        ("third", "it is not built."),
    ]


def test_other_kinds_of_errors_end_the_work() -> None:
    with pytest.raises(VariantError, match="3 is odd"):
        attempt_each(half, {"first": 3}, 1, kinds=(OutOfReachError,))


def test_outcomes_are_split_by_kind() -> None:
    assert split({"first": 1, "second": BEFORE}) == ({"first": 1}, {"second": BEFORE})
