"""What to build: matrix.yaml with its defaults and the packages of each group."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from raydock.core.yamlfile import read_own
from raydock.model import packages
from raydock.model.bases import Base
from raydock.model.gpubuild import GpuBuild
from raydock.model.matrixfile import Exclude, MatrixFile, Point
from raydock.model.packages import Packages
from raydock.model.pattern import matches
from raydock.model.variant import Axis, Variant


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
    file = read_own(path)
    entry = file.convert(MatrixFile)
    common = packages.of_all(entry.packages, file.place("packages"))
    own = {name: packages.of_group(name, group, common, file) for name, group in entry.groups.items()}
    return Matrix(
        path=path,
        registry=entry.registry,
        cutoff=entry.cutoff,
        axes=entry.values,
        bases=tuple(base for name, base_entry in entry.bases.items() for base in base_entry.bases(name, file)),
        indexes=entry.indexes,
        packages=common,
        excludes=file.placed(entry.exclude, "exclude"),
        groups={name: group.axes for name, group in entry.groups.items()},
        flavors={name: found for name, found in own.items() if found},
        points=entry.points,
        gpus=file.placed(entry.gpus, "gpus"),
        debs=entry.debs or "",
    )
