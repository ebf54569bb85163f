"""Patterns over the values of axes: `3.1*` with `*`, `?` and `[...]`, and a leading `!` for everything else."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from raydock.model.variant import Axis, Variant

Chosen = Mapping[str, frozenset[str]]


def matches(pattern: str, value: str) -> bool:
    """Whether a value agrees with a pattern."""
    return fnmatchcase(value, pattern.removeprefix("!")) != pattern.startswith("!")


def is_glob(pattern: str) -> bool:
    """Whether a pattern has a wildcard, so that it need not name a value that exists."""
    return any(sign in pattern for sign in "*?[")


def chosen(patterns: Mapping[str, str], axes: Mapping[Axis, Iterable[str]]) -> Chosen:
    """For each axis that has a pattern, the values of that axis that agree with it."""
    return {
        axis: frozenset(value for value in axes[Axis(axis)] if matches(pattern, value))
        for axis, pattern in patterns.items()
    }


def agrees(variant: Variant, values: Chosen) -> bool:
    """Whether a variant's value is among the chosen ones on every axis named."""
    return all(getattr(variant, axis) in among for axis, among in values.items())
