import pytest

from raydock.model.pattern import is_glob, matches, selects
from raydock.model.variant import Variant


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("3.11", "3.11", True),
        ("3.1", "3.11", False),
        ("3.1*", "3.11", True),
        ("3.1?", "3.1", False),
        ("*", "none", True),
        ("!none", "none", False),
        ("!none", "2.8.0", True),
        ("!3.1*", "3.9", True),
        ("[23].*", "2.60.0", True),
        ("2.8.0", "2x8x0", False),
    ],
)
def test_matches(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern, value) is expected


def test_is_glob() -> None:
    assert [is_glob(word) for word in ("3.11", "!none", "3.1*", "3.1?", "[23]")] == [False, False, True, True, True]


def test_patterns_select_a_variant_that_matches_all_of_them() -> None:
    patterns = {"cuda": "!cpu", "torch": "*"}
    assert selects(patterns, Variant(ray="2.60.0", python="3.11", torch="2.8.0", cuda="12.8"))
    assert selects(patterns, Variant(ray="2.60.0", python="3.11", cuda="13.0"))
    assert not selects(patterns, Variant(ray="2.60.0", python="3.11", torch="2.8.0"))
    assert selects({}, Variant(ray="2.60.0", python="3.11"))
