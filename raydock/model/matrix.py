"""matrix.yaml: what to build, as its owner wrote it."""

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from packaging.version import InvalidVersion, Version

from raydock.core.errors import nearest
from raydock.core.yamlentry import YamlEntry, read
from raydock.model import bases, gpubuild, packages
from raydock.model.bases import Base
from raydock.model.gpubuild import GpuBuild
from raydock.model.packages import Packages
from raydock.model.pattern import is_glob, matches
from raydock.model.variant import CPU, NONE, Axis, Variant

SPECIAL = {Axis.CUDA: (CPU,), Axis.TORCH: (NONE,), Axis.VLLM: (NONE,)}
ARCHES = ("amd64",)

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_REGISTRY = re.compile(r"[a-z0-9.-]+(?::\d+)?(?:/[a-z0-9._-]+)+")
_REGISTRY_FORM = "a registry and a path, like localhost:5000/raydock"
_LABEL = re.compile(r"cpu|cu\d{3}")
_EXTRA_INDEX = re.compile(r"https?://[^\s'\"\\]+")


@dataclass(frozen=True, kw_only=True)
class Exclude:
    """Points that the owner does not want: those that agree with `axes`, for `reason`, up to the day `until`."""

    axes: dict[str, str]
    reason: str
    until: date | None
    place: str


@dataclass(frozen=True, kw_only=True)
class Point:
    """A variant beside the cross product, in the groups that it names alone; `cutoff` is None for the matrix's."""

    variant: Variant
    groups: tuple[str, ...]
    cutoff: date | None


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """matrix.yaml, parsed. `axes` holds every axis's values of the cross product, in the order written.

    `flavors` are the packages of those among `groups` that have their own; `gpus` takes precedence over sm.yaml.
    `debs` is a registry and a path where the Debian packages of bases are kept; empty if there is none.
    """

    path: Path
    registry: str
    cutoff: date
    axes: dict[Axis, tuple[str, ...]]
    bases: tuple[Base, ...]
    indexes: dict[str, str]
    packages: Packages
    excludes: tuple[Exclude, ...]
    groups: dict[str, dict[str, str]]
    flavors: dict[str, Packages]
    points: tuple[Point, ...]
    gpus: tuple[GpuBuild, ...] = ()
    debs: str = ""

    @property
    def epoch(self) -> int:
        """SOURCE_DATE_EPOCH of every image: the matrix's cut-off day's first second, UTC.

        A point's own cut-off does not change it: layers whose packages agree are shared only if their times agree too.
        """
        return int(datetime(self.cutoff.year, self.cutoff.month, self.cutoff.day, tzinfo=UTC).timestamp())

    @property
    def group_names(self) -> tuple[str, ...]:
        """The names of all groups, those that only points name after the others."""
        named = (name for point in self.points for name in point.groups)
        return tuple(dict.fromkeys((*self.groups, *named)))

    def values(self, axis: Axis) -> tuple[str, ...]:
        """Every value of an axis, those that only points have after the others."""
        beside = (getattr(point.variant, axis) for point in self.points)
        return tuple(dict.fromkeys((*self.axes[axis], *beside)))

    def indexes_of(self, variant: Variant) -> tuple[str, ...]:
        """The package indexes that serve a variant besides the default one."""
        return (self.indexes[variant.label],) if variant.label in self.indexes else ()

    def names(self, variant: Variant) -> bool:
        """Whether a variant is a point of the cross product, with its packages or a flavor's, or one beside it."""
        crossed = all(getattr(variant, axis) in self.axes[axis] for axis in Axis)
        if crossed and variant.flavor in self.flavors:
            wanted = self.groups[variant.flavor].items()
            return all(matches(pattern, getattr(variant, axis)) for axis, pattern in wanted)
        return (crossed and not variant.flavor) or any(point.variant == variant for point in self.points)

    def packages_of(self, variant: Variant) -> Packages:
        """What a variant holds besides the releases that its axes name."""
        return self.flavors[variant.flavor] if variant.flavor else self.packages

    def cutoff_of(self, variant: Variant) -> date:
        """The cut-off day of a variant's lock."""
        own = (point.cutoff for point in self.points if point.variant == variant)
        return next(own, None) or self.cutoff

    def base(self, python: str) -> Base | None:
        """The first base that offers this Python."""
        return next((base for base in self.bases if base.python == python), None)


def load(path: Path) -> Matrix:
    """Reads matrix.yaml. Raises ConfigurationError, with file and line, for anything that is not as documented."""
    required = ("registry", "cutoff", "bases", "axes")
    top = read(path).items((*required, "debs", "indexes", "gpus", "packages", "exclude", "groups", "points"), required)
    axes = _axes(top["axes"])
    common = packages.of_all(top["packages"]) if "packages" in top else Packages(place=str(path))
    bodies = top["groups"].items() if "groups" in top else {}
    groups = {name: _group(body, axes) for name, body in bodies.items()}
    own = {name: packages.of_group(name, body, common) for name, body in bodies.items()}
    flavors = {name: found for name, found in own.items() if found}
    return Matrix(
        path=path,
        registry=top["registry"].matching(_REGISTRY, _REGISTRY_FORM),
        cutoff=top["cutoff"].day_so_far(),
        axes=axes,
        bases=bases.read(top["bases"]),
        indexes=_indexes(top["indexes"]) if "indexes" in top else {},
        packages=common,
        excludes=tuple(_exclude(entry, axes) for entry in top["exclude"].list()) if "exclude" in top else (),
        groups=groups,
        flavors=flavors,
        points=_points(top["points"], axes, flavors) if "points" in top else (),
        debs=top["debs"].matching(_REGISTRY, _REGISTRY_FORM) if "debs" in top else "",
        gpus=tuple(map(gpubuild.parse, top["gpus"].list())) if "gpus" in top else (),
    )


def _axes(entry: YamlEntry) -> dict[Axis, tuple[str, ...]]:
    written = entry.items(tuple(Axis), ("python", "ray"))
    axes: dict[Axis, tuple[str, ...]] = {}
    for axis in Axis:
        if axis in written:
            axes[axis] = _axis(axis, written[axis])
        else:
            axes[axis] = ARCHES if axis is Axis.ARCH else SPECIAL[axis]
    return axes


def _axis(axis: Axis, entry: YamlEntry) -> tuple[str, ...]:
    values = entry.texts()
    if not values:
        entry.refuse(f"{entry.label} has no value.", "give it one, or leave the axis out.")
    for item in entry.list():
        _axis_value(axis, item)
    return values


def _axis_value(axis: Axis, entry: YamlEntry) -> None:
    value = entry.text()
    special = SPECIAL.get(axis, ())
    if value in special:
        return
    if axis is Axis.ARCH:
        if value not in ARCHES:
            entry.refuse(f"{value!r} is not an architecture that raydock builds.", nearest(value, ARCHES))
        return
    form = r"\d+\.\d+" if axis in {Axis.PYTHON, Axis.CUDA} else _SAFE.pattern
    try:
        valid = bool(re.fullmatch(form, value)) and str(Version(value)) == value and Version(value).local is None
    except InvalidVersion:
        valid = False
    if not valid:
        example = {Axis.PYTHON: '"3.11"', Axis.CUDA: '"13.0"'}.get(axis, '"2.60.0"')
        words = " or ".join((*special, f"a version such as {example} (PEP 440, normal form)"))
        hint = f" {nearest(value, special)}" if special and value.isalpha() else ""
        entry.refuse(f"{value!r} is not a value for the axis {axis}.", f"write {words}.{hint}")


def _indexes(entry: YamlEntry) -> dict[str, str]:
    form = "the address of a package index (http or https)"
    for name, item in entry.items().items():
        if not _LABEL.fullmatch(name):
            item.refuse(f"{name!r} is no CUDA's label.", "write cu118 for CUDA 11.8, or cpu.")
    return {name: item.matching(_EXTRA_INDEX, form) for name, item in entry.items().items()}


def _exclude(entry: YamlEntry, axes: dict[Axis, tuple[str, ...]]) -> Exclude:
    keys = entry.items((*Axis, "reason", "until"), ("reason",))
    chosen = {key: _pattern(Axis(key), item, axes) for key, item in keys.items() if key not in {"reason", "until"}}
    if not chosen:
        entry.refuse("an exclusion names no axis, so it would exclude everything.", "add an axis to it.")
    return Exclude(
        axes=chosen,
        reason=keys["reason"].text(),
        until=keys["until"].day() if "until" in keys else None,
        place=entry.place,
    )


def _group(entry: YamlEntry, axes: dict[Axis, tuple[str, ...]]) -> dict[str, str]:
    keys = entry.items((*Axis, *packages.KEYS))
    return {key: _pattern(Axis(key), item, axes) for key, item in keys.items() if key not in packages.KEYS}


def _points(entry: YamlEntry, axes: dict[Axis, tuple[str, ...]], flavors: Container[str]) -> tuple[Point, ...]:
    points: list[Point] = []
    for item in entry.list():
        point = _point(item, flavors)
        if all(getattr(point.variant, axis) in axes[axis] for axis in Axis):
            item.refuse(f"{point.variant} is in the cross product of the axes.", "remove this point.")
        if any(point.variant == other.variant for other in points):
            item.refuse(f"'points' has {point.variant} twice.", "remove one of them.")
        points.append(point)
    return tuple(points)


def _point(entry: YamlEntry, flavors: Container[str]) -> Point:
    keys = entry.items((*Axis, "groups", "cutoff"), (Axis.PYTHON, Axis.RAY, "groups"))
    values = {axis: keys[axis] for axis in Axis if axis in keys}
    for axis, item in values.items():
        _axis_value(axis, item)
    for item in keys["groups"].list():
        if item.matching(_SAFE, "a group's name") in flavors:
            item.refuse(f"the group {item.text()!r} has packages of its own, and points have none.", "name others.")
    return Point(
        variant=Variant(**{axis: item.text() for axis, item in values.items()}),
        groups=keys["groups"].texts(),
        cutoff=keys["cutoff"].day_so_far() if "cutoff" in keys else None,
    )


def _pattern(axis: Axis, entry: YamlEntry, axes: dict[Axis, tuple[str, ...]]) -> str:
    """A pattern over an axis's values; one without a wildcard must name a value that stands in the axis."""
    pattern = entry.text()
    plain = pattern.removeprefix("!")
    if not is_glob(plain) and plain not in axes[axis]:
        entry.refuse(f"{plain!r} does not stand in the axis {axis}.", nearest(plain, axes[axis]))
    return pattern
