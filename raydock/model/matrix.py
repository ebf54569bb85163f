"""The matrix: matrix.yaml with its defaults and the packages of each group."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from raydock.core.yamlfile import read_own
from raydock.model import packages
from raydock.model.bases import Base
from raydock.model.gpubuild import GpuBuild
from raydock.model.matrixfile import Exclude, MatrixFile, Point
from raydock.model.packages import Packages
from raydock.model.pattern import selects
from raydock.model.variant import Axis, Variant


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """The parsed matrix.yaml.

    Attributes:
        path: the file.
        registry: the registry and the path to which images go.
        cutoff: packages that are newer than this day do not exist for a new lock.
        timestamp: the day that the files of images have as their time.
        axes: the values of the cross product by axis, in the order of the file.
        bases: the base images, one for each Python.
        indexes: package indexes in addition to the default one, by CUDA label.
        packages: the packages of every variant without a flavor.
        excludes: the variants that are excluded.
        groups: the patterns by axis of each group.
        flavors: the packages of each group that has its own.
        points: single variants outside the cross product.
        gpus: the GPUs of wheels, which take precedence over sm.yaml.
        debs: a registry and a path where the Debian packages of bases are kept; empty if it is not set.
    """

    path: Path
    registry: str
    cutoff: date
    timestamp: date
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
        """SOURCE_DATE_EPOCH of every image: the first second of the matrix's timestamp, UTC.

        No cut-off day changes it: images share layers of the same packages only if the times are equal.
        """
        return int(datetime.combine(self.timestamp, time(), UTC).timestamp())

    @property
    def group_names(self) -> tuple[str, ...]:
        """The names of all groups; those that only points name come last."""
        named = (name for point in self.points for name in point.groups)
        return tuple(dict.fromkeys((*self.groups, *named)))

    def values(self, axis: Axis) -> tuple[str, ...]:
        """Every value of an axis; those that only points have come last."""
        point_values = (getattr(point.variant, axis) for point in self.points)
        return tuple(dict.fromkeys((*self.axes[axis], *point_values)))

    def indexes_of(self, variant: Variant) -> tuple[str, ...]:
        """The package indexes of a variant in addition to the default one."""
        return (self.indexes[variant.label],) if variant.label in self.indexes else ()

    def names(self, variant: Variant) -> bool:
        """Whether a variant is in the cross product, with or without a flavor, or is one of the points."""
        crossed = all(getattr(variant, axis) in self.axes[axis] for axis in Axis)
        if crossed and variant.flavor in self.flavors:
            return selects(self.groups[variant.flavor], variant)
        return (crossed and not variant.flavor) or any(point.variant == variant for point in self.points)

    def packages_of(self, variant: Variant) -> Packages:
        """The packages of a variant in addition to the releases on its axes."""
        return self.flavors[variant.flavor] if variant.flavor else self.packages

    def cutoff_of(self, variant: Variant, locked: date | None = None) -> date:
        """The cut-off day of a variant's lock.

        locked: the day that its lock was made with. It stays valid if the matrix has a later one; that of a point does
        not.
        """
        own = next((point.cutoff for point in self.points if point.variant == variant), None)
        return own or min(self.cutoff, locked or self.cutoff)

    def base(self, python: str) -> Base | None:
        """The first base with this Python; None if no base has it."""
        return next((base for base in self.bases if base.python == python), None)


def load(path: Path, text: str | None = None) -> Matrix:
    """Read matrix.yaml.

    text: its text, if it is not written yet.

    Raises ConfigurationError, with file and line, if it is not as documented.
    """
    file = read_own(path, text)
    entry = file.convert(MatrixFile)
    common = packages.common_packages(entry.packages, file.place("packages"))
    own = {name: packages.group_packages(name, group, common, file) for name, group in entry.groups.items()}
    return Matrix(
        path=path,
        registry=entry.registry,
        cutoff=entry.cutoff,
        timestamp=entry.timestamp or entry.cutoff,
        axes=entry.values,
        bases=tuple(base for name, base_entry in entry.bases.items() for base in base_entry.bases(name, file)),
        indexes=entry.indexes,
        packages=common,
        excludes=file.placed(entry.exclude, "exclude"),
        groups={name: group.axes for name, group in entry.groups.items()},
        flavors={name: own_packages for name, own_packages in own.items() if own_packages},
        points=entry.points,
        gpus=file.placed(entry.gpus, "gpus"),
        debs=entry.debs or "",
    )
