"""Results, or the errors in their place: one failure does not stop the work on the others."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from raydock.core.errors import RaydockError
from raydock.core.parallel import in_parallel

Item = TypeVar("Item")
Result = TypeVar("Result")
Kinds = tuple[type[RaydockError], ...]


def attempt(
    work: Callable[[Item], Result], item: Item | RaydockError, kinds: Kinds = (RaydockError,)
) -> Result | RaydockError:
    """The result of `work` on an item, or its error. An item that is an error is returned as it is.

    kinds: the errors that are returned; others are raised.
    """
    if isinstance(item, RaydockError):
        return item
    try:
        return work(item)
    except kinds as error:
        return error


def attempt_each(
    work: Callable[[Item], Result],
    items: Mapping[str, Item | RaydockError],
    jobs: int,
    stop: Callable[[], None] = lambda: None,
    kinds: Kinds = (RaydockError,),
) -> tuple[dict[str, Result], dict[str, RaydockError]]:
    """Attempt work on items in parallel threads; returns the results and the errors, by name.

    jobs, stop: as in `in_parallel`.
    kinds: the errors that are returned; others end the work on all items.
    """
    outcomes = in_parallel(lambda item: attempt(work, item, kinds), items.values(), jobs, stop)
    return split(dict(zip(items, outcomes, strict=True)))


def split(outcomes: Mapping[str, Result | RaydockError]) -> tuple[dict[str, Result], dict[str, RaydockError]]:
    """The results and the errors, by name."""
    results = {name: outcome for name, outcome in outcomes.items() if not isinstance(outcome, RaydockError)}
    return results, {name: outcome for name, outcome in outcomes.items() if isinstance(outcome, RaydockError)}
