"""What images hold besides the releases that their axes name: Ray's extras, and packages.

matrix.yaml says it once for every variant. A group that says otherwise makes variants of its own, beside those that it
selects: its flavor of them, whose names end with the group's.
"""

import re
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from raydock.core.yamlentry import YamlEntry
from raydock.model.variant import ARCH_NAMES, Axis

# What a group may say; for every variant `always` stands in place of `packages`.
KEYS = ("ray-extras", "packages", "os-packages", "kuberay")

_ON_AXES = (Axis.RAY.value, Axis.TORCH.value, Axis.VLLM.value)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
# Debian Policy, 5.6.1: at least two characters. A version, an architecture or a suite is apt's to choose.
_OS_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_FLAVOR = re.compile(rf"(?!(?:{'|'.join(ARCH_NAMES)})$)[a-z][a-z0-9]*")


@dataclass(frozen=True, kw_only=True)
class Packages:
    """Extras of Ray and packages by canonical name: `always` those of every variant, `added` those of a group alone.

    `os_packages` are the Debian packages of a group, and `os_places` the lines of matrix.yaml that name each. `kuberay`
    is whether KubeRay can run the images; `place` where matrix.yaml says all this.
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


def of_all(entry: YamlEntry) -> Packages:
    """What holds for every variant."""
    keys = entry.items(("ray-extras", "always", "kuberay"))
    default = Packages()
    return Packages(
        ray_extras=_names(keys["ray-extras"]) if "ray-extras" in keys else default.ray_extras,
        always=_packages(keys["always"]) if "always" in keys else default.always,
        kuberay=keys["kuberay"].flag() if "kuberay" in keys else True,
        place=entry.place,
    )


def of_group(name: str, entry: YamlEntry, common: Packages) -> Packages | None:
    """What a group says otherwise than `common`; None where it only selects.

    Raises ConfigurationError, with file and line, where it says nothing new or its name cannot end a variant's.
    """
    keys = entry.items()
    if not keys.keys() & set(KEYS):
        return None
    if not _FLAVOR.fullmatch(name):
        entry.refuse(
            f"the group {name!r} has packages of its own, so that its name ends its variants' names.",
            "write it with small letters and digits, a letter first.",
        )
    found = Packages(
        ray_extras=_names(keys["ray-extras"]) if "ray-extras" in keys else common.ray_extras,
        always=common.always,
        added=_packages(keys["packages"]) if "packages" in keys else (),
        os_packages=_os_packages(keys["os-packages"]) if "os-packages" in keys else (),
        os_places=tuple(item.place for item in keys["os-packages"].list()) if "os-packages" in keys else (),
        kuberay=keys["kuberay"].flag() if "kuberay" in keys else True,
        place=entry.place,
    )
    if not found.added and not found.os_packages and set(found.ray_extras) == set(common.ray_extras):
        entry.refuse(
            f"the group {name!r} would make images with the same packages under other names.",
            "give it `ray-extras`, `packages` or `os-packages` that the others lack, or leave them out.",
        )
    return found


def _packages(entry: YamlEntry) -> tuple[str, ...]:
    """Packages by canonical name; none whose version stands on an axis."""
    for item in entry.list():
        if canonicalize_name(item.text()) in _ON_AXES:
            item.refuse(f"{item.text()!r} is an axis, not a package to add.", f"choose it by `{item.text()}:`.")
    return _names(entry)


def _os_packages(entry: YamlEntry) -> tuple[str, ...]:
    for item in entry.list():
        item.matching(_OS_PACKAGE, "a Debian package's name, without a version: apt chooses it and the lock records it")
    return entry.texts()


def _names(entry: YamlEntry) -> tuple[str, ...]:
    for item in entry.list():
        item.matching(_NAME, "a package's or an extra's name")
    return tuple(canonicalize_name(name) for name in entry.texts())
