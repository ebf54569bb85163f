"""Find what the wheels of a folder require of each other, including extras."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from raydock.compat.wheels import requirements
from raydock.model.variant import Variant
from raydock.wheelhouse.folder import FolderWheel


@dataclass(frozen=True)
class Need:
    """A requirement of a wheel whose markers apply to the target.

    Attributes:
        by: the wheel.
        requirement: its requirement.
    """

    by: FolderWheel
    requirement: Requirement

    @property
    def project(self) -> str:
        return canonicalize_name(self.requirement.name)

    def accepts(self, version: Version) -> bool:
        return self.requirement.specifier.contains(version, prereleases=True)

    def __str__(self) -> str:
        return f"{self.by} requires {str(self.requirement.specifier) or 'it'}"


def needs(wheels: Sequence[FolderWheel], point: Variant) -> tuple[Need, ...]:
    """The requirements of wheels for a variant's Python.

    They include the extras that the wheels require of each other.
    """
    extras: dict[str, frozenset[str]] = {}
    while True:
        all_needs = tuple(
            Need(wheel, requirement)
            for wheel in wheels
            for requirement in requirements(wheel.release, point, extras.get(wheel.project, ()))
        )
        required = _extras(all_needs)
        if required == extras:
            return all_needs
        extras = required


def roots(wheels: Iterable[FolderWheel], all_needs: Iterable[Need]) -> tuple[str, ...]:
    """The projects that a folder is for.

    These are the ones that no project requires, and one of each cycle that nothing else leads to.
    """
    edges: dict[str, set[str]] = {wheel.project: set() for wheel in wheels}
    for need in all_needs:
        edges[need.by.project].add(need.project)
    required = {other for project, others in edges.items() for other in others - {project}}
    chosen = sorted(edges.keys() - required)
    reached = _reached(chosen, edges)
    for project in sorted(edges):
        if project not in reached:
            chosen.append(project)
            reached |= _reached([project], edges)
    return tuple(chosen)


def bounds(specifiers: Iterable[SpecifierSet]) -> str:
    """Combine specifiers of a version, without the looser of two `>=` and of two `<`."""
    parts = {(part.operator, part.version) for specifier in specifiers for part in specifier}
    for operator, tightest in ((">=", max), ("<", min)):
        versions = [version for name, version in parts if name == operator]
        parts -= {(operator, version) for version in versions if version != tightest(versions, key=Version)}
    # Lower bounds first.
    return ",".join(sorted(map("".join, parts), key=lambda specifier: (not specifier.startswith(">"), specifier)))


def _extras(all_needs: Iterable[Need]) -> dict[str, frozenset[str]]:
    required: dict[str, frozenset[str]] = {}
    for need in all_needs:
        extras = frozenset(canonicalize_name(extra) for extra in need.requirement.extras)
        if extras:
            required[need.project] = required.get(need.project, frozenset()) | extras
    return required


def _reached(starts: Iterable[str], edges: dict[str, set[str]]) -> set[str]:
    reached, waiting = set[str](), list(starts)
    while waiting:
        project = waiting.pop()
        if project not in reached:
            reached.add(project)
            waiting.extend(edges.get(project, ()))
    return reached
