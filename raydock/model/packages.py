"""The packages of images in addition to the releases on their axes: Ray's extras, Python and Debian packages.

matrix.yaml lists them once for all variants. A group with packages of its own makes additional variants: a flavor of
each variant that it selects, whose name ends with the group's name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

from packaging.utils import canonicalize_name

from raydock.core.errors import ConfigurationError
from raydock.core.models import Entry, Flag, InvalidEntryError, written
from raydock.core.yamlfile import YamlFile
from raydock.model.variant import ARCH_NAMES, Axis

_ON_AXES = (Axis.RAY.value, Axis.TORCH.value, Axis.VLLM.value)
_FLAVOR = re.compile(rf"(?!(?:{'|'.join(ARCH_NAMES)})$)[a-z][a-z0-9]*")
_Name = Annotated[str, written("a package's or an extra's name", form="[A-Za-z0-9][A-Za-z0-9._+-]*")]
# Debian Policy, 5.6.1: at least two characters. apt chooses the version, the architecture and the suite.
_OsPackage = Annotated[
    str,
    written(
        "a Debian package's name, without a version: apt chooses it and the lock records it",
        form="[a-z0-9][a-z0-9+.-]+",
    ),
]


class PackagesEntry(Entry, frozen=True, kw_only=True):
    """`packages` of matrix.yaml: the packages of every variant.

    Attributes:
        ray_extras: the extras of Ray.
        always: packages.
        kuberay: whether KubeRay can run the images.
    """

    ray_extras: tuple[_Name, ...] = ("default", "serve")
    always: tuple[_Name, ...] = ("pip", "virtualenv")
    kuberay: Flag = "true"

    def __post_init__(self) -> None:
        _refuse_axes(self.always, "always")


class AxisPatterns(Entry, frozen=True, kw_only=True):
    """A selection of variants: for an axis, a pattern with *, ? and [...]; with a leading `!`, for all other values.

    Attributes:
        arch: a pattern of architectures.
        python: a pattern of Python versions.
        cuda: a pattern of CUDA versions, or of `cpu`.
        torch: a pattern of versions of torch, or of `none`.
        vllm: a pattern of versions of vllm, or of `none`.
        ray: a pattern of versions of Ray.
    """

    arch: str | None = None
    python: str | None = None
    cuda: str | None = None
    torch: str | None = None
    vllm: str | None = None
    ray: str | None = None

    @property
    def axes(self) -> dict[str, str]:
        """The patterns by axis."""
        patterns = {axis.value: getattr(self, axis) for axis in Axis}
        return {axis: pattern for axis, pattern in patterns.items() if pattern is not None}


class GroupEntry(AxisPatterns, frozen=True, kw_only=True):
    """A group of matrix.yaml. With a key that is not an axis, it makes variants of its own.

    Attributes:
        ray_extras: the extras of Ray, in place of those of all variants.
        packages: packages, in addition to those of all variants.
        os_packages: Debian packages.
        kuberay: whether KubeRay can run the images.
    """

    ray_extras: tuple[_Name, ...] | None = None
    packages: tuple[_Name, ...] | None = None
    os_packages: tuple[_OsPackage, ...] | None = None
    kuberay: Flag | None = None

    def __post_init__(self) -> None:
        _refuse_axes(self.packages or (), "packages")

    @property
    def has_own_packages(self) -> bool:
        """Whether it makes variants of its own."""
        return (self.ray_extras, self.packages, self.os_packages, self.kuberay) != (None,) * 4


@dataclass(frozen=True, kw_only=True)
class Packages:
    """The packages of a variant in addition to the releases on its axes, by canonical names.

    Attributes:
        ray_extras: the extras of Ray.
        always: the packages of every variant.
        added: the additional packages of a group.
        os_packages: the Debian packages of a group.
        os_places: the file and line of each of them in matrix.yaml.
        kuberay: whether KubeRay can run the images.
        place: the file and line in matrix.yaml.
    """

    ray_extras: tuple[str, ...] = ("default", "serve")
    always: tuple[str, ...] = ("pip", "virtualenv")
    added: tuple[str, ...] = ()
    os_packages: tuple[str, ...] = ()
    os_places: tuple[str, ...] = field(default=(), compare=False)
    kuberay: bool = True
    place: str = field(default="matrix.yaml", compare=False)

    @property
    def ray(self) -> str:
        """Ray with its extras, as installers write it."""
        return f"ray[{','.join(self.ray_extras)}]" if self.ray_extras else "ray"


def common_packages(entry: PackagesEntry, place: str) -> Packages:
    """The packages of every variant without a flavor."""
    return Packages(
        ray_extras=_canonical(entry.ray_extras),
        always=_canonical(entry.always),
        kuberay=entry.kuberay == "true",
        place=place,
    )


def group_packages(name: str, entry: GroupEntry, common: Packages, file: YamlFile) -> Packages | None:
    """The packages of a group; None if it only selects variants.

    Raises ConfigurationError if they are the same as `common`, or if its name is not valid at the end of a variant's
    name.
    """
    if not entry.has_own_packages:
        return None
    place, os_packages = file.place("groups", name), entry.os_packages or ()
    if not _FLAVOR.fullmatch(name):
        raise ConfigurationError(
            f"{place}: the group {name!r} has packages of its own, so that its variants' names end with it.",
            todo="write it with small letters and digits, a letter first.",
        )
    packages = Packages(
        ray_extras=common.ray_extras if entry.ray_extras is None else _canonical(entry.ray_extras),
        always=common.always,
        added=_canonical(entry.packages or ()),
        os_packages=os_packages,
        os_places=tuple(file.place("groups", name, "os-packages", number) for number in range(len(os_packages))),
        kuberay=entry.kuberay != "false",
        place=place,
    )
    if not packages.added and not packages.os_packages and set(packages.ray_extras) == set(common.ray_extras):
        raise ConfigurationError(
            f"{place}: the group {name!r} would make images with the same packages under other names.",
            todo="give it different `ray-extras`, `packages` or `os-packages`, or remove those keys.",
        )
    return packages


def _refuse_axes(names: Iterable[str], key: str) -> None:
    """Raise InvalidEntryError if the version of a package is on an axis."""
    for number, name in enumerate(names):
        if canonicalize_name(name) in _ON_AXES:
            raise InvalidEntryError(
                f"{name!r} is an axis, not a package to add.", f"choose it by `{name}:`.", key, number
            )


def _canonical(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(canonicalize_name, names))
