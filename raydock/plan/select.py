"""Select variants of a plan by group, by selector and by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from raydock.core.errors import ConfigurationError, SelectionError, nearest
from raydock.model.pattern import is_glob, matches
from raydock.model.variant import Axis
from raydock.plan.planner import Excluded, Planned

NAME = "name"
# The number of reasons in the error if no variant can exist.
_REASONS = 3
KEYS = (*(axis.value for axis in Axis), NAME)


class Choices(Protocol):
    """The variants to select from: a plan or a release."""

    @property
    def name(self) -> str:
        """The name of the file that lists the variants."""

    @property
    def variants(self) -> tuple[Planned, ...]: ...

    @property
    def excluded(self) -> tuple[Excluded, ...]: ...

    @property
    def group_names(self) -> tuple[str, ...]: ...

    def refused(self, group: str) -> tuple[Excluded, ...]:
        """The points of a group that cannot exist."""

    def values(self, axis: Axis) -> tuple[str, ...]:
        """Every value of an axis."""


@dataclass(frozen=True)
class _Part:
    """One option of a selection.

    Attributes:
        option: the option as the user wrote it.
        names: the names of the variants that match it.
        terms: each term of a selector with the number of variants that match it.
    """

    option: str
    names: frozenset[str]
    terms: tuple[str, ...] = ()

    def __str__(self) -> str:
        detail = f" ({', '.join(self.terms)})" if len(self.terms) > 1 else ""
        return f"{self.option}: {len(self.names)}{detail}"


def select(
    plan: Choices, groups: Sequence[str] = (), selectors: Sequence[str] = (), names: Sequence[str] = ()
) -> tuple[Planned, ...]:
    """Selects variants in one of `groups`, `selectors` and `names`.

    The order is that of the plan. An empty argument matches every variant. A selector is `axis=pattern,...`; all its
    terms must match. Names can be patterns.

    Raises ConfigurationError if there are no variants, or a group, axis, value or name does not exist; SelectionError
    if no variant matches.
    """
    options = [
        [_group(plan, name) for name in groups],
        [_selector(plan, selector) for selector in selectors],
        [_name(plan, pattern) for pattern in names],
    ]
    given = [parts for parts in options if parts]
    unions = [frozenset[str]().union(*(part.names for part in parts)) for parts in given]
    selected = tuple(planned for planned in plan.variants if all(planned.name in union for union in unions))
    if not plan.variants:
        raise _no_variants(plan)
    if not selected and (impossible := _impossible(plan, groups, selectors, names)):
        raise _only_impossible(impossible)
    if not selected:
        raise _nothing_selected(plan, [part for parts in given for part in parts])
    return selected


def _group(plan: Choices, name: str) -> _Part:
    known = plan.group_names
    if name not in known:
        raise ConfigurationError(f"{plan.name} has no group {name!r}.", todo=nearest(name, known))
    names = _names(planned for planned in plan.variants if name in planned.groups)
    if not names and (refused := plan.refused(name)):
        raise ConfigurationError(
            f"{plan.name}: no variant of the group {name} can exist.",
            meaning=_reasons(refused),
            todo=f"change the group's values in {plan.name}"
            + (f"; the nearest variant is {refused[0].nearest}." if refused[0].nearest else "."),
        )
    return _Part(f"--group {name}", names)


def _selector(plan: Choices, selector: str) -> _Part:
    terms = {
        f"{key}={pattern}": _names(planned for planned in plan.variants if _matches(planned, key, pattern))
        for key, pattern in _terms(plan, selector)
    }
    counts = tuple(f"{term}: {len(names)}" for term, names in terms.items())
    return _Part(f"--select {selector!r}", frozenset.intersection(*terms.values()), counts)


def _terms(plan: Choices, selector: str) -> list[tuple[str, str]]:
    terms = []
    for term in selector.split(","):
        key, equals, pattern = (part.strip() for part in term.partition("="))
        if not equals or not pattern:
            raise ConfigurationError(
                f"{term!r} in --select {selector!r} is not of the form axis=pattern.",
                todo="write it like --select 'cuda=13.0,python=3.1*'.",
            )
        if key not in KEYS:
            raise ConfigurationError(f"--select {selector!r}: {key!r} is not an axis.", todo=nearest(key, KEYS))
        _refuse_unknown(plan, key, pattern.removeprefix("!"), f"--select {selector!r}: ")
        terms.append((key, pattern))
    return terms


def _refuse_unknown(plan: Choices, key: str, value: str, prefix: str) -> None:
    """Refuses an unknown value without a wildcard.

    Otherwise, a misspelt value would silently match nothing.
    """
    if is_glob(value):
        return
    if key == NAME:
        if not any(planned.name == value for planned in plan.variants):
            raise _unknown_name(plan, value, prefix)
    elif value not in (known := plan.values(Axis(key))):
        raise ConfigurationError(f"{prefix}{value!r} is not a value of axis {key!r}.", todo=nearest(value, known))


def _unknown_name(plan: Choices, name: str, prefix: str) -> ConfigurationError:
    for point in plan.excluded:
        if point.variant.name == name:
            near = f"use the nearest variant, {point.nearest}." if point.nearest else "no variant can exist."
            return ConfigurationError(
                f"{prefix}{name} cannot exist: {point.verdict.reason}.", meaning=point.verdict.evidence, todo=near
            )
    return ConfigurationError(
        f"{prefix}{name!r} is not a variant.", todo=nearest(name, (planned.name for planned in plan.variants))
    )


def _name(plan: Choices, pattern: str) -> _Part:
    _refuse_unknown(plan, NAME, pattern.removeprefix("!"), "")
    return _Part(pattern, _names(planned for planned in plan.variants if matches(pattern, planned.name)))


def _matches(point: Planned | Excluded, key: str, pattern: str) -> bool:
    return matches(pattern, point.variant.name if key == NAME else getattr(point.variant, key))


def _names(variants: Iterable[Planned]) -> frozenset[str]:
    return frozenset(planned.name for planned in variants)


def _no_variants(plan: Choices) -> ConfigurationError:
    return ConfigurationError(
        f"{plan.name}: no variant can exist.",
        meaning=_reasons(plan.excluded),
        todo=f"change the values in {plan.name}; `./build.py facts` reads versions that are newer than the facts.",
    )


def _impossible(plan: Choices, groups: Sequence[str], selectors: Sequence[str], names: Sequence[str]) -> list[Excluded]:
    """The points of a selection that cannot exist."""
    refused = [point for group in groups for point in plan.refused(group)]
    terms = [_terms(plan, selector) for selector in selectors]
    return [
        point
        for point in plan.excluded
        if (not groups or point in refused)
        and (not terms or any(all(_matches(point, *term) for term in each) for each in terms))
        and (not names or any(matches(pattern, point.variant.name) for pattern in names))
    ]


def _only_impossible(points: Sequence[Excluded]) -> SelectionError:
    near = points[0].nearest
    return SelectionError(
        f"The selection contains only points that cannot exist, such as {points[0].variant.name}.",
        meaning=_reasons(points),
        todo=f"the nearest variant of that one is {near}." if near else "change the values in matrix.yaml.",
    )


def _reasons(points: Sequence[Excluded]) -> str:
    """The first reasons why points cannot exist; empty if there are none."""
    reasons = list(dict.fromkeys(point.verdict.reason for point in points))
    more = f"; and {len(reasons) - _REASONS} more" if len(reasons) > _REASONS else ""
    return f"Reasons: {'; '.join(reasons[:_REASONS])}{more}." if reasons else ""


def _nothing_selected(plan: Choices, parts: list[_Part]) -> SelectionError:
    return SelectionError(
        f"None of the {len(plan.variants)} variants matches the selection.",
        meaning=f"Variants that match each option alone: {', '.join(map(str, parts))}." if parts else "",
        todo="change an option; `./build.py plan` shows every variant, and why others cannot exist.",
    )
