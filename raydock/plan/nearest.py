"""The nearest good point: fewest axes moved, then the smallest version distance.

In a grid, for each set of axes that may move, the distances come from a two-pass distance transform along one axis at
a time (A. Rosenfeld and J. L. Pfaltz, "Sequential operations in digital picture processing", J. ACM 13, 1966), so that
the work grows linearly with the number of points.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import inf, prod

from raydock.model.versions import position

# For every point: the distance to the nearest good point and that point's index.
Field = list[tuple[float, int]]

_FAR = (inf, -1)


def nearest_points(axes: Sequence[Sequence[str]], good: Sequence[bool]) -> list[int | None]:
    """The index of the nearest good point for every point of the grid, in the order of itertools.product(*axes).

    A good point is its own nearest; None stands where there is no good point at all.
    """
    start: Field = [(0.0, index) if yes else _FAR for index, yes in enumerate(good)]
    best = list(start)
    fields: dict[tuple[int, ...], Field] = {(): start}
    movable = [axis for axis, values in enumerate(axes) if len(values) > 1]
    for moved in range(1, len(movable) + 1):
        open_points = [index for index, (distance, _) in enumerate(best) if distance == inf]
        if not open_points:
            break
        fields = {subset: _spread(fields[subset[:-1]], axes, subset[-1]) for subset in combinations(movable, moved)}
        for index in open_points:
            best[index] = min(field[index] for field in fields.values())
    return [None if distance == inf else index for distance, index in best]


def nearest_of(point: Sequence[str], good: Sequence[Sequence[str]]) -> int | None:
    """The index of the good point nearest to one that need not lie in a grid; None where there is no good point."""
    return min(range(len(good)), key=lambda index: away(point, good[index]), default=None)


def away(point: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    """How far a point is from another: the number of axes moved, and the version distance."""
    moved = [(here, there) for here, there in zip(point, other, strict=True) if here != there]
    return len(moved), sum(abs(position(here) - position(there)) for here, there in moved)


def _spread(field: Field, axes: Sequence[Sequence[str]], axis: int) -> Field:
    """The field after points may also move along one axis."""
    places = [position(value) for value in axes[axis]]
    order = sorted(range(len(places)), key=places.__getitem__)
    spread = list(field)
    for start, stride in _lines(axes, axis):
        line = [(start + rank * stride, places[rank]) for rank in order]
        _sweep(spread, line[::-1])
        _sweep(spread, line)
    return spread


def _sweep(field: Field, line: Sequence[tuple[int, int]]) -> None:
    """Carries the nearest good point along a line of (index, place), one way."""
    carried, here = _FAR, line[0][1]
    for index, place in line:
        travelled = carried[0] + abs(place - here)
        if travelled < field[index][0]:
            field[index] = (travelled, carried[1])
        carried, here = field[index], place


def _lines(axes: Sequence[Sequence[str]], axis: int) -> Iterator[tuple[int, int]]:
    """Where each line along an axis begins, and the step between its points."""
    stride = prod(len(values) for values in axes[axis + 1 :])
    block = stride * len(axes[axis])
    for outer in range(0, prod(len(values) for values in axes), block):
        for inner in range(stride):
            yield outer + inner, stride
