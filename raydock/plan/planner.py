"""The plan: which points of the matrix become variants, and why the others cannot."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from typing import Annotated

from raydock.compat.hardware import Hardware
from raydock.compat.wheels import lowest_glibc
from raydock.compat.wheeltags import Glibc
from raydock.core.errors import ConfigurationError, nearest
from raydock.core.models import written
from raydock.model import labels
from raydock.model.facts import Facts
from raydock.model.labels import ImageLabels
from raydock.model.matrix import Matrix
from raydock.model.pattern import agrees, chosen
from raydock.model.variant import NONE, Axis, Variant
from raydock.plan import extras
from raydock.plan.nearest import nearest_of, nearest_points
from raydock.plan.rules import Evaluator, RuleInputs, RuleVerdict


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A variant that can exist.

    Attributes:
        min_driver: the oldest driver that runs it; empty for cpu.
        sm: the GPUs that torch and vllm both have code for; empty for cpu, and if that is unknown.
        glibc: the oldest glibc that its wheels run on.
        kuberay: whether KubeRay will run it.
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
        """What the labels of its image will say."""
        stated = labels.of_plan(self.variant, kuberay=self.kuberay, min_driver=self.min_driver, sm=self.sm)
        return ImageLabels(stated)


@dataclass(frozen=True, kw_only=True)
class Excluded:
    """A point that cannot exist: the rule against it, the reason, the fact behind it, the nearest variant's name."""

    variant: Variant
    rule: str
    reason: str
    evidence: str
    nearest: str | None

    @property
    def axes(self) -> dict[str, str]:
        return self.variant.axes


@dataclass(frozen=True)
class Plan:
    """Every point of a matrix: `variants`, oldest versions first, and what is `excluded`."""

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

    def values(self, axis: Axis) -> tuple[str, ...]:
        """Every value of an axis, those that only points have after the others."""
        return self.matrix.values(axis)


def make(matrix: Matrix, facts: Facts, today: date) -> Plan:
    """Judges every point of the matrix, the cross product's and those beside it, by the rules.

    Raises ConfigurationError, with its place, for an `exclude` whose `until` lies before `today`, for `gpus` that are
    about no value of the axes, and for extras that no Ray has or that are too few for KubeRay.
    """
    _refuse_overdue(matrix, today)
    _refuse_idle(matrix)
    axes = [matrix.axes[axis] for axis in Axis]
    grid = [Variant(**dict(zip(Axis, values, strict=True))) for values in product(*axes)]
    rule_inputs = RuleInputs(matrix, facts)
    extras.refuse(rule_inputs)
    judge = Evaluator(rule_inputs)
    objections = [judge.objection(point) for point in grid]
    near: list[Variant | None] = [
        None if index is None else grid[index]
        for index in nearest_points(axes, [objection is None for objection in objections])
    ]
    crossed = [point for point, objection in zip(grid, objections, strict=True) if objection is None]
    beside = [*(point.variant for point in matrix.points), *_flavored(matrix, crossed)]
    objections += [judge.objection(point) for point in beside]
    points = [*grid, *beside]
    good = [point for point, objection in zip(points, objections, strict=True) if objection is None]
    near += [_nearest(point, good) for point in beside]
    judged = zip(points, objections, near, strict=True)
    excluded = (_excluded(point, objection, other) for point, objection, other in judged if objection is not None)
    return Plan(matrix, _planned(good, rule_inputs), tuple(excluded))


def _flavored(matrix: Matrix, variants: Iterable[Variant]) -> Iterator[Variant]:
    """The flavors of variants: one more for each group that selects it and has packages of its own."""
    wanted = {name: chosen(matrix.groups[name], matrix.axes) for name in matrix.flavors}
    return (
        replace(variant, flavor=name)
        for variant in variants
        for name, values in wanted.items()
        if agrees(variant, values)
    )


def _nearest(point: Variant, good: list[Variant]) -> Variant | None:
    """The variant nearest to a point beside the cross product."""
    index = nearest_of(tuple(point.axes.values()), [tuple(variant.axes.values()) for variant in good])
    return None if index is None else good[index]


def _refuse_overdue(matrix: Matrix, today: date) -> None:
    for item in matrix.excludes:
        if item.until is not None and today > item.until:
            raise ConfigurationError(
                f"{item.place}: this exclusion was to be thought over by {item.until}: {item.reason}.",
                todo="remove it, or give it a later `until`.",
            )


def _refuse_idle(matrix: Matrix) -> None:
    """An entry of `gpus` that matches nothing would silently be ignored, if its version or CUDA is misspelt."""
    for build in matrix.gpus:
        versions = matrix.values(build.project)
        if not any(build.covers(build.project, value, build.cuda) for value in versions if value != NONE):
            raise ConfigurationError(
                f"{build.place}: this entry of `gpus` is about {build.project} {build.versions}, which no variant has.",
                todo=f"name one of {', '.join(value for value in versions if value != NONE)}, or remove the entry.",
            )
        if build.cuda not in matrix.values(Axis.CUDA):
            raise ConfigurationError(
                f"{build.place}: this entry of `gpus` is about CUDA {build.cuda}, which no variant has.",
                todo=nearest(build.cuda, matrix.values(Axis.CUDA)),
            )


def _excluded(point: Variant, objection: RuleVerdict, near: Variant | None) -> Excluded:
    return Excluded(
        variant=point,
        rule=objection.rule,
        reason=objection.reason,
        evidence=objection.evidence,
        nearest=near.name if near else None,
    )


def _planned(points: list[Variant], rule_inputs: RuleInputs) -> tuple[Planned, ...]:
    hardware, needs = Hardware(rule_inputs.matrix.gpus), _Needs(rule_inputs)
    groups = _groups(rule_inputs.matrix)
    return tuple(
        Planned(
            variant=point,
            groups=groups(point),
            min_driver=hardware.min_driver(point),
            sm=hardware.sm(point),
            glibc=needs.glibc(point),
            kuberay=rule_inputs.matrix.packages_of(point).kuberay,
        )
        for point in sorted(points, key=lambda point: point.order)
    )


def _groups(matrix: Matrix) -> Callable[[Variant], tuple[str, ...]]:
    """What tells a variant's groups: by their patterns for the cross product, by name for the points beside it; a
    flavor's one is the group that makes it."""
    patterns = {name: chosen(axes, matrix.axes) for name, axes in matrix.groups.items() if name not in matrix.flavors}
    beside = {point.variant: point.groups for point in matrix.points}

    def of(variant: Variant) -> tuple[str, ...]:
        if variant.flavor:
            return (variant.flavor,)
        if variant in beside:
            return beside[variant]
        return tuple(name for name, values in patterns.items() if agrees(variant, values))

    return of


class _Needs:
    """The oldest glibc that variants run on, each wheel looked at once."""

    def __init__(self, rule_inputs: RuleInputs) -> None:
        self._ground = rule_inputs
        self._memory: dict[tuple[str, ...], Glibc] = {}

    def glibc(self, point: Variant) -> str:
        major, minor = max(self._part(project, point) for project in (Axis.RAY, Axis.TORCH, Axis.VLLM))
        return f"{major}.{minor}"

    def _part(self, project: Axis, point: Variant) -> Glibc:
        key = (project, getattr(point, project), point.cuda, point.python, point.arch)
        if key not in self._memory:
            release = self._ground.release(project, point)
            self._memory[key] = (lowest_glibc(release, point.python, point.arch) if release else None) or (0, 0)
        return self._memory[key]
