"""Patterns over the values of axes: `3.1*` with `*`, `?` and `[...]`, and a leading `!` for everything else."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from raydock.model.variant import Axis, Variant

AxisValues = Mapping[str, frozenset[str]]


def matches(pattern: str, value: str) -> bool:
    """Whether a value matches a pattern."""
    return fnmatchcase(value, pattern.removeprefix("!")) != pattern.startswith("!")


def is_glob(pattern: str) -> bool:
    """Whether a pattern has a wildcard, so that it need not name a value that exists."""
    return any(character in pattern for character in "*?[")


def matching_values(patterns: Mapping[str, str], axes: Mapping[Axis, Iterable[str]]) -> AxisValues:
    """The values that match the pattern, for each axis with a pattern."""
    return {
        axis: frozenset(value for value in axes[Axis(axis)] if matches(pattern, value))
        for axis, pattern in patterns.items()
    }


def has_values(variant: Variant, values: AxisValues) -> bool:
    """Whether a variant has one of the values on each of the axes."""
    return all(getattr(variant, axis) in allowed for axis, allowed in values.items())
