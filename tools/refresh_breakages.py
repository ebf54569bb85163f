"""Refresh raydock/compat/data/breakages.yaml: releases that resolve together and then fail.

The entries are written by hand from bug reports. This program lists them with their age and checks two things in the
package index for each: whether the newest release is in its range, so that no newer release is known to have the fix,
and whether each constraint still excludes a release. Tested against the package index on 2026-11-30, and in
tests/unit/tools/.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import click
from packaging.version import Version

from raydock.compat.breakages import Breakage
from raydock.core.yamlfile import load
from raydock.index.client import Index
from raydock.model.facts import PROJECTS
from raydock.model.requirement import requirement
from tools.refresh import Proposal, Table, age, final_releases, package_index, refresher, today

TABLE = Table(path="raydock/compat/data/breakages.yaml", marks=())
_SOON = 60


@refresher(TABLE)
def main() -> Proposal:
    """List the known breakages with their age, and those that must be reviewed.

    An entry must be reviewed if the newest release in the package index is in its range, if a constraint excludes no
    release, or if it is due within 60 days. Write the new range, or a later `until`, by hand.

    \b
    Example: .venv/bin/python -m tools.refresh_breakages --check
    """
    return propose(package_index(), load(TABLE.file, tuple[Breakage, ...]))


def propose(index: Index, entries: tuple[Breakage, ...]) -> Proposal:
    """Return the unchanged table with the entries that must be reviewed, and print the list of all entries."""
    releases = _Releases(index)
    due = []
    for entry in entries:
        condition = ", ".join(f"{axis} {bounds}" for axis, bounds in entry.when.items())
        click.echo(f"{entry.rule} ({condition}): known for {age(entry.since)}, until {entry.until}")
        due += [f"{entry.rule} ({condition}): {reason}" for reason in _review_reasons(entry, releases)]
    return Proposal(text=TABLE.read(), open=tuple(due))


@dataclass(frozen=True)
class _Releases:
    """The final releases of projects, each project read once.

    Attributes:
        index: the package index.
    """

    index: Index
    _known: dict[str, tuple[Version, ...]] = field(default_factory=dict)

    def of(self, project: str) -> tuple[Version, ...]:
        """Return the releases of a project, oldest first; empty if the index does not have it."""
        if project not in self._known:
            self._known[project] = tuple(final_releases(self.index, project))
        return self._known[project]


def _review_reasons(entry: Breakage, releases: _Releases) -> Iterator[str]:
    if (entry.until - today()).days < _SOON:
        yield f"it is due on {entry.until}: check whether it is still true."
    named = {project: entry.when[axis] for project, axis in PROJECTS.items() if axis in entry.when}
    newest = {project: releases.of(project)[-1] for project in named if releases.of(project)}
    if newest and all(version in named[project] for project, version in newest.items()):
        names = " and ".join(f"{project} {version}" for project, version in newest.items())
        yield f"{names} is the newest release and in its range: check whether it still has the fault."
    for line in entry.constraints:
        known = releases.of(requirement(line).name)
        if all(requirement(line).specifier.contains(version, prereleases=True) for version in known):
            yield f"`{line}` excludes no release of the package index: remove it."


if __name__ == "__main__":
    main()
