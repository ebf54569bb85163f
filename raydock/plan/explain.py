"""Explains why a point can or cannot exist, and finds the nearest ones."""

from dataclasses import dataclass
from functools import partial
from heapq import nsmallest
from itertools import combinations

from raydock.core.errors import ConfigurationError, nearest
from raydock.model.facts import PROJECTS
from raydock.model.matrixfile import ARCHES
from raydock.model.variant import NONE, Axis, Variant, parse_name
from raydock.model.versions import closest
from raydock.plan.nearest import away
from raydock.plan.rules.evaluator import Evaluator
from raydock.plan.rules.verdict import RuleInputs, RuleVerdict
from raydock.plan.search import Axes, Space, universe

NEAREST = 3


@dataclass(frozen=True)
class Near:
    """A variant that can exist, near the explained point.

    Attributes:
        variant: the variant.
        moved: the axes on which it differs from the explained point.
        in_matrix: whether matrix.yaml has it.
    """

    variant: Variant
    moved: tuple[Axis, ...]
    in_matrix: bool


@dataclass(frozen=True)
class Explanation:
    """The explanation of a point.

    Attributes:
        variant: the explained point.
        in_matrix: whether matrix.yaml has it.
        verdicts: the verdict of every rule, in the order of the rules.
        nearest: the nearest other points that can exist, the nearest first.
    """

    variant: Variant
    in_matrix: bool
    verdicts: tuple[RuleVerdict, ...]
    nearest: tuple[Near, ...]

    @property
    def valid(self) -> bool:
        """Whether the variant can exist."""
        return all(verdict.ok for verdict in self.verdicts)


def explain(name: str, rule_inputs: RuleInputs) -> Explanation:
    """Explains the variant of a name.

    The nearest points have the fewest different axes, then the smallest version distance (raydock/model/versions.py).
    They satisfy the same rules, and come from all releases in the facts. Raises ConfigurationError if the name is
    invalid or, with the nearest version, if the facts do not contain a release.
    """
    point = parse_name(name)
    _refuse_unknown(point, rule_inputs)
    near = _nearest(point, Space(rule_inputs), universe(rule_inputs))
    return Explanation(
        variant=point,
        in_matrix=rule_inputs.matrix.names(point),
        verdicts=tuple(Evaluator(rule_inputs).verdicts(point)),
        nearest=tuple(Near(other, moved(point, other), rule_inputs.matrix.names(other)) for other in near),
    )


def _nearest(point: Variant, space: Space, axes: Axes) -> list[Variant]:
    """The nearest points that can exist, the nearest first.

    Stops at the smallest sufficient number of axes.
    """
    points: list[Variant] = []
    for count in range(1, len(Axis) + 1):
        for moving in combinations(Axis, count):
            grid = {axis: axes[axis] if axis in moving else (getattr(point, axis),) for axis in Axis}
            points += (other for other in space.valid(grid, point.flavor) if len(moved(point, other)) == count)
        if len(points) >= NEAREST:
            break
    return nsmallest(NEAREST, points, key=partial(away, point))


def moved(point: Variant, other: Variant) -> tuple[Axis, ...]:
    """The axes on which two variants differ."""
    return tuple(axis for axis in Axis if getattr(point, axis) != getattr(other, axis))


def _refuse_unknown(point: Variant, rule_inputs: RuleInputs) -> None:
    if point.flavor and point.flavor not in rule_inputs.matrix.flavors:
        raise ConfigurationError(
            f"{rule_inputs.matrix.path.name} has no group {point.flavor!r} with additional packages.",
            todo=nearest(point.flavor, rule_inputs.matrix.flavors),
        )
    if point.arch not in ARCHES:
        raise ConfigurationError(f"{point.arch!r} is not an architecture.", todo=nearest(point.arch, ARCHES))
    for project, axis in PROJECTS.items():
        version = getattr(point, axis)
        if version == NONE or rule_inputs.release(project, point):
            continue
        near = closest(version, rule_inputs.facts.versions[project])
        raise ConfigurationError(
            f"The facts do not contain {project} {version}.",
            meaning=f"The nearest known version is {near}." if near else "",
            todo="fix the name, or add the release to matrix.yaml and run `./build.py facts`.",
        )
