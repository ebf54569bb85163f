"""The wheels and requirements of a release for one Python on one architecture."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from packaging.requirements import Requirement
from packaging.version import Version

from raydock.compat.wheeltags import MACHINES, Glibc, accepts, needed_glibc
from raydock.core.models import Dated
from raydock.core.yamlfile import shipped
from raydock.model.facts import ProjectRelease, Wheel
from raydock.model.variant import Variant

_CUDA = re.compile(r"cuda-toolkit|nvidia-cuda-runtime(-cu\d+)?")


class WheellessPackages(Dated, frozen=True, kw_only=True):
    """Packages without wheels.

    Attributes:
        names: their canonical names.
    """

    names: frozenset[str]


def compatible_wheels(release: ProjectRelease, python: str, arch: str) -> tuple[Wheel, ...]:
    """The wheels of a release that a CPython on Linux can install, with any glibc."""
    return tuple(wheel for wheel in release.wheels if any(accepts(tag, python, arch) for tag in wheel.tags))


def glibc(wheel: Wheel, arch: str) -> Glibc:
    """The oldest glibc that a wheel runs on, by its platform tags; (0, 0) if it has no compiled part."""
    versions = [needed_glibc(tag.platform, arch) for tag in wheel.tags]
    return min(version for version in versions if version is not None)


@lru_cache(maxsize=10_000)
def lowest_glibc(release: ProjectRelease, python: str, arch: str) -> Glibc | None:
    """The oldest glibc on which a compatible wheel of a release runs; None if no wheel is compatible."""
    return min((glibc(wheel, arch) for wheel in compatible_wheels(release, python, arch)), default=None)


def requirements(
    release: ProjectRelease, point: Variant, extras: Iterable[str] = (), on: Iterable[str] | None = None
) -> Iterator[Requirement]:
    """The requirements of a release for a variant, with PEP 508 markers evaluated for its Python on Linux.

    extras: the extras of the release.
    on: the canonical names of the required projects; None for all.
    """
    chosen = ("", *extras)
    for name in release.required_projects if on is None else on:
        yield from _applicable(release, name, point.python, point.arch, chosen)


def requirement_of(release: ProjectRelease, project: str, point: Variant) -> Requirement | None:
    """The requirement of a release on a project; None if it does not require it."""
    return next(iter(_applicable(release, project, point.python, point.arch, ("",))), None)


def cuda_pin(release: ProjectRelease, point: Variant) -> tuple[str, Requirement] | None:
    """The CUDA (major.minor) that a release pins, and the requirement that pins it; None if it pins none."""
    for project in filter(_CUDA.fullmatch, release.required_projects):
        for requirement in requirements(release, point, on=(project,)):
            for specifier in requirement.specifier:
                if specifier.operator == "==":
                    version = Version(specifier.version.removesuffix(".*"))
                    return f"{version.major}.{version.minor}", requirement
    return None


@lru_cache(maxsize=100_000)
def _applicable(
    release: ProjectRelease, project: str, python: str, arch: str, extras: tuple[str, ...]
) -> tuple[Requirement, ...]:
    """A release's requirements on a project for a Python, an architecture and one of the extras."""
    environment = {
        "implementation_name": "cpython",
        "implementation_version": newest_patch(python),
        "os_name": "posix",
        "platform_machine": MACHINES[arch],
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": newest_patch(python),
        "python_version": python,
        "sys_platform": "linux",
    }
    return tuple(
        requirement
        for requirement in release.requirements_on(project)
        if (marker := requirement.marker) is None
        or any(marker.evaluate({**environment, "extra": extra}) for extra in extras)
    )


def without_wheels() -> frozenset[str]:
    """The canonical names of packages without wheels."""
    return shipped("compat/data/no-wheels.yaml", WheellessPackages).names


def newest_patch(python: str) -> str:
    """A patch release of a Python that is newer than all, so that 3.11 satisfies a bound such as `>=3.11.4`."""
    return f"{python}.99"
