import pytest

from raydock.model.versions import closest, position


def test_positions_are_in_the_versions_order() -> None:
    values = ["none", "cpu", "0.9.2", "0.10.0", "0.10.2", "2.8.0", "2.13.0", "13.0"]
    assert sorted(values, key=position) == values


@pytest.mark.parametrize(
    ("value", "near"),
    [("2.60.1", "2.60.0"), ("2.61.0", "2.62.0"), ("2.9.5", "2.10.0"), ("3.0.0", "2.62.0"), ("2.55.0", "2.60.0")],
)
def test_closest_is_by_version_and_the_newer_of_two(value: str, near: str) -> None:
    assert closest(value, ["2.10.0", "2.50.0", "2.60.0", "2.62.0"]) == near


def test_no_version_is_closest_if_none_is_known() -> None:
    assert closest("1.0", []) is None


def test_the_newest_is_closest_to_a_value_that_is_not_a_version() -> None:
    assert closest("nightly", ("2.9.0", "2.60.0", "2.49.1")) == "2.60.0"
