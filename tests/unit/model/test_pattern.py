import pytest

from raydock.model.pattern import has_values, is_glob, matches, matching_values
from raydock.model.variant import Axis, Variant


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


def test_values_that_match_and_variants_that_have_them() -> None:
    axes = {Axis.CUDA: ("cpu", "12.8", "13.0"), Axis.TORCH: ("none", "2.8.0")}
    values = matching_values({"cuda": "!cpu", "torch": "*"}, axes)
    assert values == {"cuda": {"12.8", "13.0"}, "torch": {"none", "2.8.0"}}
    assert has_values(Variant(ray="2.60.0", python="3.11", torch="2.8.0", cuda="12.8"), values)
    assert not has_values(Variant(ray="2.60.0", python="3.11"), values)
    assert has_values(Variant(ray="2.60.0", python="3.11"), {})
