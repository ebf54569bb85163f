"""Choosing variants of a plan: by group, by selector and by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from raydock.core.errors import ConfigurationError, SelectionError, nearest
from raydock.model.pattern import is_glob, matches
from raydock.model.variant import Axis
from raydock.plan.planner import Excluded, Planned

NAME = "name"
KEYS = (*(axis.value for axis in Axis), NAME)


class Choices(Protocol):
    """What can be chosen from: a plan, or what was published. `name` is the file's that lists it."""

    @property
    def name(self) -> str: ...

    @property
    def variants(self) -> tuple[Planned, ...]: ...

    @property
    def excluded(self) -> tuple[Excluded, ...]: ...

    @property
    def group_names(self) -> tuple[str, ...]: ...

    def values(self, axis: Axis) -> tuple[str, ...]:
        """Every value of an axis."""


@dataclass(frozen=True)
class _Part:
    """One wish as the user wrote it, the names of the variants that meet it, and how many meet each of its terms."""

    words: str
    names: frozenset[str]
    terms: tuple[str, ...] = ()

    def __str__(self) -> str:
        detail = f" ({', '.join(self.terms)})" if len(self.terms) > 1 else ""
        return f"{self.words}: {len(self.names)}{detail}"


def select(
    plan: Choices, groups: Sequence[str] = (), selectors: Sequence[str] = (), names: Sequence[str] = ()
) -> tuple[Planned, ...]:
    """The variants that are in one of `groups`, match one of `selectors` and bear one of `names`, in the plan's order.

    A wish that is left empty holds for every variant. A selector is `axis=pattern,...`, all of which must match; names
    may be patterns too. Raises ConfigurationError for a group, axis, value or name that does not exist, SelectionError
    where nothing is left.
    """
    wishes = [
        [_group(plan, name) for name in groups],
        [_selector(plan, selector) for selector in selectors],
        [_name(plan, pattern) for pattern in names],
    ]
    asked = [parts for parts in wishes if parts]
    unions = [frozenset[str]().union(*(part.names for part in parts)) for parts in asked]
    found = tuple(item for item in plan.variants if all(item.name in union for union in unions))
    if not found:
        raise _nothing(plan, [part for parts in asked for part in parts])
    return found


def _group(plan: Choices, name: str) -> _Part:
    known = plan.group_names
    if name not in known:
        raise ConfigurationError(f"{plan.name} has no group {name!r}.", todo=nearest(name, known))
    return _Part(f"--group {name}", _names(item for item in plan.variants if name in item.groups))


def _selector(plan: Choices, selector: str) -> _Part:
    terms = {
        f"{key}={pattern}": _names(item for item in plan.variants if _meets(item, key, pattern))
        for key, pattern in _terms(plan, selector)
    }
    counts = tuple(f"{words}: {len(names)}" for words, names in terms.items())
    return _Part(f"--select {selector!r}", frozenset.intersection(*terms.values()), counts)


def _terms(plan: Choices, selector: str) -> list[tuple[str, str]]:
    terms = []
    for term in selector.split(","):
        key, equals, pattern = (word.strip() for word in term.partition("="))
        if not equals or not pattern:
            raise ConfigurationError(
                f"{term!r} in --select {selector!r} is not of the form axis=pattern.",
                todo="write it like --select 'cuda=13.0,python=3.1*'.",
            )
        if key not in KEYS:
            raise ConfigurationError(f"--select {selector!r}: there is no axis {key!r}.", todo=nearest(key, KEYS))
        _refuse_unknown(plan, key, pattern.removeprefix("!"), f"--select {selector!r}: ")
        terms.append((key, pattern))
    return terms


def _refuse_unknown(plan: Choices, key: str, value: str, words: str) -> None:
    """Refuses a value without a wildcard that stands nowhere: a misspelt one would silently match nothing."""
    if is_glob(value):
        return
    if key == NAME:
        if not any(item.name == value for item in plan.variants):
            raise _unknown_name(plan, value, words)
    elif value not in (known := plan.values(Axis(key))):
        raise ConfigurationError(f"{words}{value!r} does not stand in the axis {key}.", todo=nearest(value, known))


def _unknown_name(plan: Choices, name: str, words: str) -> ConfigurationError:
    for point in plan.excluded:
        if point.variant.name == name:
            near = f"the nearest that can is {point.nearest}." if point.nearest else "no variant can."
            return ConfigurationError(f"{words}{name} cannot exist: {point.reason}.", meaning=point.evidence, todo=near)
    return ConfigurationError(
        f"{words}there is no variant {name!r}.", todo=nearest(name, (item.name for item in plan.variants))
    )


def _name(plan: Choices, pattern: str) -> _Part:
    _refuse_unknown(plan, NAME, pattern.removeprefix("!"), "")
    return _Part(pattern, _names(item for item in plan.variants if matches(pattern, item.name)))


def _meets(item: Planned, key: str, pattern: str) -> bool:
    return matches(pattern, item.name if key == NAME else getattr(item.variant, key))


def _names(items: Iterable[Planned]) -> frozenset[str]:
    return frozenset(item.name for item in items)


def _nothing(plan: Choices, parts: list[_Part]) -> SelectionError:
    return SelectionError(
        f"None of the {len(plan.variants)} variants is selected.",
        meaning=f"Variants that match each part alone: {', '.join(map(str, parts))}." if parts else "",
        todo="loosen one part; `./build.py plan` shows every variant and why others cannot exist.",
    )
