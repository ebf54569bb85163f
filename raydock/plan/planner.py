"""The plan: which points of the matrix become variants, and why the others cannot."""

from dataclasses import dataclass
from datetime import date
from itertools import product

from raydock.errors import ConfigurationError
from raydock.model.facts import Facts
from raydock.model.matrix import Matrix
from raydock.model.pattern import agrees, chosen
from raydock.model.variant import Axis, Variant
from raydock.plan.hardware import Hardware
from raydock.plan.nearest import nearest_points
from raydock.plan.rules import Ground, Judge, Verdict
from raydock.plan.wheels import Glibc, lowest_glibc


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A variant that can exist. `min_driver` and `sm` are empty for cpu; `glibc` is what its wheels need, at least."""

    variant: Variant
    groups: tuple[str, ...]
    min_driver: str
    sm: tuple[int, ...]
    glibc: str

    @property
    def name(self) -> str:
        return self.variant.name


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


def make(matrix: Matrix, facts: Facts, today: date) -> Plan:
    """Judges every point of the matrix by the rules.

    Raises ConfigurationError, with its place, for an `exclude` whose `until` lies before `today`.
    """
    _refuse_overdue(matrix, today)
    axes = [matrix.axes[axis] for axis in Axis]
    points = [Variant(**dict(zip(Axis, values, strict=True))) for values in product(*axes)]
    ground = Ground(matrix, facts)
    judge = Judge(ground)
    objections = [judge.objection(point) for point in points]
    nearest = nearest_points(axes, [objection is None for objection in objections])
    judged = list(zip(points, objections, nearest, strict=True))
    return Plan(
        matrix,
        _planned([point for point, objection, _ in judged if objection is None], ground),
        tuple(
            _excluded(point, objection, None if near is None else points[near].name)
            for point, objection, near in judged
            if objection is not None
        ),
    )


def _refuse_overdue(matrix: Matrix, today: date) -> None:
    for item in matrix.excludes:
        if item.until is not None and today > item.until:
            raise ConfigurationError(
                f"{item.place}: this exclusion was to be thought over by {item.until}: {item.reason}.",
                todo="remove it, or give it a later `until`.",
            )


def _excluded(point: Variant, objection: Verdict, near: str | None) -> Excluded:
    return Excluded(
        variant=point, rule=objection.rule, reason=objection.reason, evidence=objection.evidence, nearest=near
    )


def _planned(points: list[Variant], ground: Ground) -> tuple[Planned, ...]:
    hardware, needs = Hardware(), _Needs(ground)
    groups = {name: chosen(patterns, ground.matrix.axes) for name, patterns in ground.matrix.groups.items()}
    return tuple(
        Planned(
            variant=point,
            groups=tuple(name for name, values in groups.items() if agrees(point, values)),
            min_driver=hardware.min_driver(point),
            sm=hardware.sm(point.torch, point.cuda),
            glibc=needs.glibc(point),
        )
        for point in sorted(points, key=lambda point: point.order)
    )


class _Needs:
    """The oldest glibc that variants run on, each wheel looked at once."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._memory: dict[tuple[str, ...], Glibc] = {}

    def glibc(self, point: Variant) -> str:
        major, minor = max(self._part(project, point) for project in (Axis.RAY, Axis.TORCH, Axis.VLLM))
        return f"{major}.{minor}"

    def _part(self, project: Axis, point: Variant) -> Glibc:
        key = (project, getattr(point, project), point.python, point.arch)
        if key not in self._memory:
            release = self._ground.release(project, point)
            self._memory[key] = (lowest_glibc(release, point.python, point.arch) if release else None) or (0, 0)
        return self._memory[key]
