"""Patterns over the values of axes: `3.1*` with `*`, `?` and `[...]`, and a leading `!` for everything else."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from raydock.model.variant import Variant


def matches(pattern: str, value: str) -> bool:
    """Whether a value matches a pattern."""
    return fnmatchcase(value, pattern.removeprefix("!")) != pattern.startswith("!")


def is_glob(pattern: str) -> bool:
    """Whether a pattern has a wildcard, so that it need not name a value that exists."""
    return any(character in pattern for character in "*?[")


def selects(patterns: Mapping[str, str], variant: Variant) -> bool:
    """Whether a variant matches the pattern of each axis that has one."""
    return all(matches(pattern, getattr(variant, axis)) for axis, pattern in patterns.items())
