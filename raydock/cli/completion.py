"""What a shell offers for an unfinished argument: variants, groups and hosts."""

from collections.abc import Iterable

from raydock.core.errors import RaydockError
from raydock.hosts import names
from raydock.pipeline.project import Project


def variants(project: Project, start: str) -> list[str]:
    """The names of variants that begin with `start`; none if matrix.yaml cannot be read."""
    try:
        return _beginning(start, (planned.name for planned in project.plan.variants))
    except RaydockError:
        return []


def groups(project: Project, start: str) -> list[str]:
    """The groups that begin with the last part of a list with commas, each with the parts before it."""
    before, comma, last = start.rpartition(",")
    try:
        return [f"{before}{comma}{name}" for name in _beginning(last, project.plan.group_names)]
    except RaydockError:
        return []


def hosts(project: Project, start: str) -> list[str]:
    """The hosts and labels of hosts.yaml that begin with `start`; none if it cannot be read."""
    try:
        return _beginning(start, names.known(project.checkout.hosts))
    except RaydockError:
        return []


def _beginning(start: str, known: Iterable[str]) -> list[str]:
    return sorted(name for name in known if name.startswith(start))
