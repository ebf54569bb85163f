"""The models of matrix.yaml, as its owner writes it."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Annotated

import msgspec
from packaging.version import InvalidVersion, Version

from raydock.core.errors import nearest
from raydock.core.models import Entry, InvalidEntryError, written
from raydock.model.bases import BaseEntry
from raydock.model.gpubuild import GpuBuild
from raydock.model.packages import AxisPatterns, GroupEntry, PackagesEntry
from raydock.model.pattern import is_glob
from raydock.model.variant import CPU, NONE, Axis, Variant

SPECIAL = {Axis.CUDA: (CPU,), Axis.TORCH: (NONE,), Axis.VLLM: (NONE,)}
ARCHES = ("amd64",)

_SAFE = "[A-Za-z0-9][A-Za-z0-9._+-]*"
_Values = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
_GroupName = Annotated[str, written("a group's name", form=_SAFE)]
_BaseName = Annotated[str, written("it with letters, digits and . _ + -", "a base's name", form=_SAFE)]
_Label = Annotated[str, written("cu118 for CUDA 11.8, or cpu", "a CUDA's label", form=r"cpu|cu\d{3}")]
_Index = Annotated[str, written("the address of a package index (http or https)", form=r"https?://[^\s'\"\\]+")]
# A repository is a host that cannot be read as a path, and a path (distribution's reference grammar).
HOST = r"[a-z0-9]+(?:(?:\.|-+)[a-z0-9]+)*(?::\d{1,5})?"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
PATH = f"{_COMPONENT}(?:/{_COMPONENT})*"
_Repository = Annotated[str, written("a registry and a path, like localhost:5000/raydock", form=rf"{HOST}/{PATH}")]


class Exclude(AxisPatterns, frozen=True, kw_only=True):
    """Variants that are not built: those that match the patterns.

    Attributes:
        reason: why.
        until: the last day of the exclusion; None: it does not expire.
        place: the file and line of the entry, which raydock adds.
    """

    reason: str
    until: date | None = None
    place: str = ""

    def __post_init__(self) -> None:
        if not self.axes:
            raise InvalidEntryError("an exclusion without an axis would exclude everything.", "add an axis to it.")


class Point(Entry, frozen=True, kw_only=True, dict=True):
    """A variant outside the cross product.

    Attributes:
        arch: its architecture.
        python: its Python version.
        cuda: its CUDA version, or `cpu`.
        torch: its version of torch, or `none`.
        vllm: its version of vllm, or `none`.
        ray: its version of Ray.
        groups: the groups that it is in.
        cutoff: packages newer than this day do not exist for its lock; None: the matrix's day.
    """

    arch: str = ARCHES[0]
    python: str
    cuda: str = CPU
    torch: str = NONE
    vllm: str = NONE
    ray: str
    groups: tuple[_GroupName, ...]
    cutoff: date | None = None

    def __post_init__(self) -> None:
        for axis in Axis:
            _check_value(axis, getattr(self, axis), axis)
        if self.cutoff:
            _check_past(self.cutoff)

    @cached_property
    def variant(self) -> Variant:
        """The variant."""
        return Variant(**{axis.value: getattr(self, axis) for axis in Axis})


class Axes(Entry, frozen=True, kw_only=True):
    """The values of every axis. A variant of the cross product exists if the facts allow it.

    Attributes:
        arch: architectures.
        python: Python versions, such as "3.11".
        cuda: CUDA versions, such as "13.0", or `cpu`.
        torch: versions of torch, or `none`.
        vllm: versions of vllm, or `none`.
        ray: versions of Ray.
    """

    arch: _Values = ARCHES
    python: _Values
    cuda: _Values = (CPU,)
    torch: _Values = (NONE,)
    vllm: _Values = (NONE,)
    ray: _Values

    def __post_init__(self) -> None:
        for axis in Axis:
            for number, value in enumerate(getattr(self, axis)):
                _check_value(axis, value, axis, number)


class MatrixFile(Entry, frozen=True, kw_only=True, dict=True):
    """matrix.yaml: what raydock builds.

    Attributes:
        registry: the registry and the path to which images go.
        cutoff: packages newer than this day do not exist for a new lock. A lock keeps the day that it was made with.
        timestamp: the day that the files of images have as their time; None: the cut-off day.
        bases: the images that variants are built on, by name.
        axes: the values of every axis.
        debs: a registry and a path where the Debian packages of bases are kept.
        indexes: package indexes in addition to the default one, by CUDA.
        gpus: the GPUs that wheels have code for, if raydock's own table does not list them.
        packages: the packages of every variant in addition to the releases on its axes.
        exclude: variants that the facts allow, but that are not built.
        groups: names for selections from the cross product.
        points: single variants outside the cross product.
    """

    registry: _Repository
    cutoff: date
    bases: dict[_BaseName, BaseEntry]
    axes: Axes
    timestamp: date | None = None
    debs: _Repository | None = None
    indexes: dict[_Label, _Index] = msgspec.field(default_factory=dict)
    gpus: tuple[GpuBuild, ...] = ()
    packages: PackagesEntry = PackagesEntry()
    exclude: tuple[Exclude, ...] = ()
    groups: dict[str, GroupEntry] = msgspec.field(default_factory=dict)
    points: tuple[Point, ...] = ()

    def __post_init__(self) -> None:
        _check_past(self.cutoff)
        if self.timestamp:
            _check_past(self.timestamp, "timestamp")
        for number, exclude in enumerate(self.exclude):
            self._check_patterns(exclude, "exclude", number)
        for name, group in self.groups.items():
            self._check_patterns(group, "groups", name)
        for number in range(len(self.points)):
            self._check_point(number)

    @cached_property
    def values(self) -> dict[Axis, tuple[str, ...]]:
        """The values of every axis."""
        return {axis: getattr(self.axes, axis) for axis in Axis}

    def _check_point(self, number: int) -> None:
        """Raise InvalidEntryError if a point exists already, or is in a group with packages of its own."""
        point = self.points[number]
        if all(value in self.values[Axis(axis)] for axis, value in point.variant.axes.items()):
            what = f"{point.variant} is in the cross product of the axes."
            raise InvalidEntryError(what, "remove this point.", "points", number)
        if any(point.variant == earlier.variant for earlier in self.points[:number]):
            raise InvalidEntryError(f"'points' has {point.variant} twice.", "remove one of them.", "points", number)
        for index, name in enumerate(point.groups):
            if name in self.groups and self.groups[name].has_own_packages:
                what = f"the group {name!r} has packages of its own, and points have none."
                raise InvalidEntryError(what, "name different groups.", "points", number, "groups", index)

    def _check_patterns(self, selection: AxisPatterns, *steps: str | int) -> None:
        """Raise InvalidEntryError if a pattern without a wildcard is not a value of its axis."""
        for axis, pattern in selection.axes.items():
            known, plain = self.values[Axis(axis)], pattern.removeprefix("!")
            if not is_glob(plain) and plain not in known:
                what = f"{plain!r} is not a value of the axis {axis}."
                raise InvalidEntryError(what, nearest(plain, known), *steps, axis)


def quoted(value: str) -> str:
    """A value of an axis, as matrix.yaml has it."""
    return value if value in {NONE, CPU} else f'"{value}"'


def listed(values: Iterable[str]) -> str:
    """Values of an axis, as matrix.yaml has them on one line."""
    return f"[{', '.join(map(quoted, values))}]"


def _check_past(day: date, key: str = "cutoff") -> None:
    """Raise InvalidEntryError if a day is in the future (by UTC)."""
    if day > datetime.now(UTC).date():
        what = f"{{label}} {day} is in the future."
        raise InvalidEntryError(what, "write a day in the past, or set this machine's clock.", key)


def _check_value(axis: Axis, value: str, *steps: str | int) -> None:
    """Raise InvalidEntryError if a value is not valid for an axis."""
    special = SPECIAL.get(axis, ())
    if value in special:
        return
    if axis is Axis.ARCH:
        if value not in ARCHES:
            what = f"{value!r} is not an architecture that raydock builds."
            raise InvalidEntryError(what, nearest(value, ARCHES), *steps)
        return
    if not _is_version(axis, value):
        example = {Axis.PYTHON: '"3.11"', Axis.CUDA: '"13.0"'}.get(axis, '"2.60.0"')
        choices = " or ".join((*special, f"a version such as {example} (PEP 440, normal form)"))
        hint = f" {nearest(value, special)}" if special and value.isalpha() else ""
        raise InvalidEntryError(f"{value!r} is not a value for the axis {axis}.", f"write {choices}.{hint}", *steps)


def _is_version(axis: Axis, value: str) -> bool:
    """Whether a value is a version in normal form, for Python and CUDA without a patch."""
    form = r"\d+\.\d+" if axis in {Axis.PYTHON, Axis.CUDA} else _SAFE
    try:
        return bool(re.fullmatch(form, value)) and str(Version(value)) == value and Version(value).local is None
    except InvalidVersion:
        return False
