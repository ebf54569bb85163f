from itertools import product

from raydock.model.variant import Variant
from raydock.model.versions import position
from raydock.plan.nearest import away, nearest_points

AXES = (("3.11", "3.13"), ("cpu", "13.0", "12.8"), ("none", "2.8.0", "2.13.0", "2.9.0"), ("2.60.0", "2.49.1"))
POINTS = list(product(*AXES))


def brute_force(good: list[bool]) -> list[tuple[int, int] | None]:
    """The number of different axes and the distance to the nearest good point, by comparison with all of them."""
    aims = [point for point, yes in zip(POINTS, good, strict=True) if yes]
    return [min((measure(point, aim) for aim in aims), default=None) for point in POINTS]


def measure(point: tuple[str, ...], aim: tuple[str, ...]) -> tuple[int, int]:
    moved = [abs(position(one) - position(other)) for one, other in zip(point, aim, strict=True) if one != other]
    return len(moved), sum(moved)


def test_the_nearest_points_of_a_grid_match_brute_force() -> None:
    for step, offset in product((3, 5, 7, 11, 13, 17, 29, 47), (0, 1, 2)):
        good = [index % step == offset for index in range(len(POINTS))]
        near = nearest_points(AXES, good)
        distances = [
            None if aim is None else measure(point, POINTS[aim]) for point, aim in zip(POINTS, near, strict=True)
        ]
        assert distances == brute_force(good)
        assert all(aim is not None and good[aim] for aim in near)


def variant(point: tuple[str, ...]) -> Variant:
    python, cuda, torch, ray = point
    return Variant(python=python, cuda=cuda, torch=torch, ray=ray)


def test_the_distance_of_single_points_matches_brute_force() -> None:
    for point, other in product(POINTS, (*POINTS[::5], ("3.11", "12.9", "2.9.0", "2.60.0"))):
        assert away(variant(point), variant(other)) == measure(point, other)


def test_a_good_point_is_its_own_nearest() -> None:
    assert nearest_points(AXES, [True] * len(POINTS)) == list(range(len(POINTS)))


def test_without_a_good_point_there_is_no_nearest() -> None:
    assert nearest_points(AXES, [False] * len(POINTS)) == [None] * len(POINTS)
