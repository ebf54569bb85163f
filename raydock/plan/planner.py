"""The plan: the points of a matrix that can exist, and those that cannot."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import product
from typing import Annotated

from raydock.compat.hardware import Hardware
from raydock.compat.wheels import lowest_glibc
from raydock.core.errors import ConfigurationError, nearest
from raydock.core.models import written
from raydock.model import labels
from raydock.model.facts import PROJECTS, Facts
from raydock.model.labels import ImageLabels
from raydock.model.matrix import Matrix
from raydock.model.pattern import selects
from raydock.model.variant import NONE, Axis, Variant
from raydock.plan import extras
from raydock.plan.nearest import away, nearest_points
from raydock.plan.rules.evaluator import Evaluator
from raydock.plan.rules.verdict import RuleInputs, RuleVerdict


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A variant that can exist.

    Attributes:
        variant: the variant.
        groups: the names of its groups.
        min_driver: the oldest driver that runs it; empty for cpu.
        sm: the GPUs that torch and vllm both have code for; empty for cpu, and if that is unknown.
        glibc: the oldest glibc that its wheels run on.
        kuberay: whether its packages are sufficient for KubeRay.
    """

    variant: Variant
    groups: tuple[str, ...]
    min_driver: Annotated[str, written("digits and dots", form="[0-9.]*")]
    sm: tuple[int, ...]
    glibc: str
    kuberay: bool

    @property
    def name(self) -> str:
        return self.variant.name

    @property
    def labels(self) -> ImageLabels:
        """The labels of its image that are known from the plan."""
        stated = labels.of_plan(self.variant, kuberay=self.kuberay, min_driver=self.min_driver, sm=self.sm)
        return ImageLabels(stated)


@dataclass(frozen=True, kw_only=True)
class Excluded:
    """A point that cannot exist.

    Attributes:
        variant: the point.
        verdict: the verdict of the rule that excludes it.
        nearest: the name of the nearest variant; None if there is no variant.
    """

    variant: Variant
    verdict: RuleVerdict
    nearest: str | None


@dataclass(frozen=True)
class Plan:
    """Every point of a matrix.

    Attributes:
        matrix: the matrix.
        variants: the points that can exist, oldest versions first.
        excluded: the points that cannot exist.
    """

    matrix: Matrix
    variants: tuple[Planned, ...]
    excluded: tuple[Excluded, ...]

    @property
    def name(self) -> str:
        """The name of the matrix's file."""
        return self.matrix.path.name

    @property
    def group_names(self) -> tuple[str, ...]:
        return self.matrix.group_names

    def refused(self, group: str) -> tuple[Excluded, ...]:
        """The points of a group that cannot exist."""
        patterns = self.matrix.groups.get(group)
        own = {point.variant for point in self.matrix.points if group in point.groups}
        return tuple(
            point
            for point in self.excluded
            if point.variant in own or (patterns is not None and selects(patterns, point.variant))
        )

    def unused(self) -> Iterator[str]:
        """The values of axes that no variant has, each with the reason why one of its points cannot exist."""
        for axis in Axis:
            used = {getattr(planned.variant, axis) for planned in self.variants}
            for value in self.values(axis):
                if value not in used:
                    reasons = (point.verdict.reason for point in self.excluded if getattr(point.variant, axis) == value)
                    yield f"{axis} {value}: {next(reasons, 'no point has it')}"

    def values(self, axis: Axis) -> tuple[str, ...]:
        """Every value of an axis; the values that only single points have come last."""
        return self.matrix.values(axis)


def make(matrix: Matrix, facts: Facts, today: date) -> Plan:
    """Applies the rules to the cross product and the single points of a matrix.

    Raises ConfigurationError, with file and line, if the `until` of an `exclude` is before `today`, if `gpus` matches
    no value of the axes, or if extras do not exist or are not sufficient for KubeRay.
    """
    _refuse_overdue(matrix, today)
    _refuse_idle(matrix)
    axes = [matrix.axes[axis] for axis in Axis]
    grid = [Variant(**dict(zip(Axis, values, strict=True))) for values in product(*axes)]
    rule_inputs = RuleInputs(matrix, facts)
    extras.refuse(rule_inputs)
    evaluator = Evaluator(rule_inputs)
    objections = [evaluator.objection(point) for point in grid]
    near: list[Variant | None] = [
        None if index is None else grid[index]
        for index in nearest_points(axes, [objection is None for objection in objections])
    ]
    crossed = [point for point, objection in zip(grid, objections, strict=True) if objection is None]
    single = [*(point.variant for point in matrix.points), *_flavored(matrix, crossed)]
    objections += [evaluator.objection(point) for point in single]
    points = [*grid, *single]
    good = [point for point, objection in zip(points, objections, strict=True) if objection is None]
    near += [min(good, key=partial(away, point), default=None) for point in single]
    excluded = tuple(
        Excluded(variant=point, verdict=objection, nearest=other.name if other else None)
        for point, objection, other in zip(points, objections, near, strict=True)
        if objection
    )
    return Plan(matrix, _planned(good, rule_inputs), excluded)


def _flavored(matrix: Matrix, variants: Iterable[Variant]) -> Iterator[Variant]:
    """The flavors of variants.

    A variant has one for each group that selects it and adds packages.
    """
    return (
        replace(variant, flavor=name)
        for variant in variants
        for name in matrix.flavors
        if selects(matrix.groups[name], variant)
    )


def _refuse_overdue(matrix: Matrix, today: date) -> None:
    for exclude in matrix.excludes:
        if exclude.until is not None and today > exclude.until:
            raise ConfigurationError(
                f"{exclude.place}: this exclusion expired on {exclude.until}: {exclude.reason}.",
                todo="remove it, or give it a later `until`.",
            )


def _refuse_idle(matrix: Matrix) -> None:
    """Refuses an entry of `gpus` that matches no variant.

    Otherwise, a misspelt version or CUDA would be ignored silently.
    """
    for build in matrix.gpus:
        versions = matrix.values(build.project)
        if not any(build.covers(build.project, value, build.cuda) for value in versions if value != NONE):
            raise ConfigurationError(
                f"{build.place}: this entry of `gpus` has {build.project} {build.versions}, which no variant has.",
                todo=f"name one of {', '.join(value for value in versions if value != NONE)}, or remove the entry.",
            )
        if build.cuda not in matrix.values(Axis.CUDA):
            raise ConfigurationError(
                f"{build.place}: this entry of `gpus` has CUDA {build.cuda}, which no variant has.",
                todo=nearest(build.cuda, matrix.values(Axis.CUDA)),
            )


def _planned(points: list[Variant], rule_inputs: RuleInputs) -> tuple[Planned, ...]:
    hardware, matrix = Hardware(rule_inputs.matrix.gpus), rule_inputs.matrix
    named = {point.variant: point.groups for point in matrix.points}
    return tuple(
        Planned(
            variant=point,
            groups=named[point] if point in named else _groups(matrix, point),
            min_driver=hardware.min_driver(point),
            sm=hardware.sm(point),
            glibc=_glibc(point, rule_inputs),
            kuberay=matrix.packages_of(point).kuberay,
        )
        for point in sorted(points, key=lambda point: point.order)
    )


def _groups(matrix: Matrix, variant: Variant) -> tuple[str, ...]:
    """The groups whose patterns match a variant of the cross product. A flavor is only in the group that makes it."""
    if variant.flavor:
        return (variant.flavor,)
    selecting = {name: patterns for name, patterns in matrix.groups.items() if name not in matrix.flavors}
    return tuple(name for name, patterns in selecting.items() if selects(patterns, variant))


def _glibc(variant: Variant, rule_inputs: RuleInputs) -> str:
    """The oldest glibc that a variant's wheels run on."""
    releases = (rule_inputs.release(project, variant) for project in PROJECTS)
    needs = (lowest_glibc(release, variant.python, variant.arch) for release in releases if release)
    major, minor = max(filter(None, needs), default=(0, 0))
    return f"{major}.{minor}"
