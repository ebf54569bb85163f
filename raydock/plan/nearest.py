"""The nearest good point: fewest axes moved, then the smallest version distance.

In a grid, for each set of axes that may move, the distances come from a two-pass distance transform along one axis at
a time (A. Rosenfeld and J. L. Pfaltz, "Sequential operations in digital picture processing", J. ACM 13, 1966), so that
the work grows linearly with the number of points.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import inf, prod

from raydock.model.variant import Axis, Variant
from raydock.model.versions import position

# For every point: the distance to the nearest good point and that point's index.
Field = list[tuple[float, int]]

_FAR = (inf, -1)


def nearest_points(axes: Sequence[Sequence[str]], good: Sequence[bool]) -> list[int | None]:
    """The index of the nearest good point for every point of a grid.

    The order is that of itertools.product(*axes). A good point is its own nearest. The entries are None if there is no
    good point.
    """
    start: Field = [(0.0, index) if is_good else _FAR for index, is_good in enumerate(good)]
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


def away(point: Variant, other: Variant) -> tuple[int, int]:
    """The distance of two points: number of different axes, version distance."""
    pairs = ((getattr(point, axis), getattr(other, axis)) for axis in Axis)
    moved = [abs(position(one) - position(two)) for one, two in pairs if one != two]
    return len(moved), sum(moved)


def _spread(field: Field, axes: Sequence[Sequence[str]], axis: int) -> Field:
    """The field with movement along one more axis."""
    places = [position(value) for value in axes[axis]]
    order = sorted(range(len(places)), key=places.__getitem__)
    spread = list(field)
    for start, stride in _lines(axes, axis):
        line = [(start + rank * stride, places[rank]) for rank in order]
        _sweep(spread, line[::-1])
        _sweep(spread, line)
    return spread


def _sweep(field: Field, line: Sequence[tuple[int, int]]) -> None:
    """Propagates the nearest good point along a line of (index, place).

    It works in the direction of the line.
    """
    nearest, last_place = _FAR, line[0][1]
    for index, place in line:
        distance = nearest[0] + abs(place - last_place)
        if distance < field[index][0]:
            field[index] = (distance, nearest[1])
        nearest, last_place = field[index], place


def _lines(axes: Sequence[Sequence[str]], axis: int) -> Iterator[tuple[int, int]]:
    """The start of each line along an axis, and the step between its points."""
    stride = prod(len(values) for values in axes[axis + 1 :])
    block = stride * len(axes[axis])
    for outer in range(0, prod(len(values) for values in axes), block):
        for inner in range(stride):
            yield outer + inner, stride
