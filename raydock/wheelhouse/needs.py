"""What the wheels of a folder require of each other, extras included."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from raydock.compat.wheels import requirements
from raydock.model.variant import Variant
from raydock.wheelhouse.folder import Held


@dataclass(frozen=True)
class Need:
    """A requirement that holds, and whose it is."""

    by: Held
    requirement: Requirement

    @property
    def project(self) -> str:
        return canonicalize_name(self.requirement.name)

    def accepts(self, version: Version) -> bool:
        return self.requirement.specifier.contains(version, prereleases=True)

    def __str__(self) -> str:
        return f"{self.by} wants {str(self.requirement.specifier) or 'it'}"


def needs(wheels: Sequence[Held], point: Variant) -> tuple[Need, ...]:
    """Every requirement that holds among wheels for a variant's Python, with the extras that they ask of each other."""
    extras: dict[str, frozenset[str]] = {}
    while True:
        found = tuple(
            Need(wheel, requirement)
            for wheel in wheels
            for requirement in requirements(wheel.release, point, extras.get(wheel.project, ()))
        )
        asked = _extras(found)
        if asked == extras:
            return found
        extras = asked


def roots(wheels: Iterable[Held], found: Iterable[Need]) -> tuple[str, ...]:
    """The projects that no other requires, and one of each circle that nothing else leads to: what a folder is for."""
    leads: dict[str, set[str]] = {wheel.project: set() for wheel in wheels}
    for need in found:
        leads[need.by.project].add(need.project)
    required = {other for project, others in leads.items() for other in others - {project}}
    chosen = sorted(leads.keys() - required)
    reached = _reached(chosen, leads)
    for project in sorted(leads):
        if project not in reached:
            chosen.append(project)
            reached |= _reached([project], leads)
    return tuple(chosen)


def bounds(specifiers: Iterable[SpecifierSet]) -> str:
    """All that some specifiers ask of a version together, without the looser of two `>=` and of two `<`."""
    parts = {(part.operator, part.version) for specifier in specifiers for part in specifier}
    for operator, tightest in ((">=", max), ("<", min)):
        versions = [version for name, version in parts if name == operator]
        parts -= {(operator, version) for version in versions if version != tightest(versions, key=Version)}
    return ",".join(sorted((operator + version for operator, version in parts), key=_reading))


def _reading(specifier: str) -> tuple[bool, str]:
    """Lower bounds first, as they are read."""
    return not specifier.startswith(">"), specifier


def _extras(found: Iterable[Need]) -> dict[str, frozenset[str]]:
    asked: dict[str, frozenset[str]] = {}
    for need in found:
        extras = frozenset(canonicalize_name(extra) for extra in need.requirement.extras)
        if extras:
            asked[need.project] = asked.get(need.project, frozenset()) | extras
    return asked


def _reached(starts: Iterable[str], leads: dict[str, set[str]]) -> set[str]:
    reached, waiting = set[str](), list(starts)
    while waiting:
        project = waiting.pop()
        if project not in reached:
            reached.add(project)
            waiting.extend(leads.get(project, ()))
    return reached
