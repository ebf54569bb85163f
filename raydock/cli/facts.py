"""`facts`."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console

from raydock.cli.options import as_json, current_project, show
from raydock.cli.output import end_check, warn_of_unused_indexes
from raydock.core.errors import ConfigurationError
from raydock.core.progress import Progress
from raydock.model import facts as model
from raydock.model.facts import Facts
from raydock.model.variant import NONE
from raydock.pipeline.project import Project

if TYPE_CHECKING:
    from raydock.index.releases import OfferedReleases


@click.command()
@click.option("-q", "--quiet", is_flag=True, help="Print only errors and the result.")
@click.option("--check", is_flag=True, help="List the releases that changed, write nothing; exit 1 if there are any.")
@as_json
def facts(quiet: bool, check: bool, as_json: bool) -> None:
    """Reads metadata of releases from the package index into lockfiles/facts.json.

    The releases are those in matrix.yaml, and every final release of ray, torch and vllm that is not too old. Only
    releases that changed are read.

    \b
    Example: ./build.py facts && git diff lockfiles/facts.json
    """
    project = current_project()
    known = project.facts if check else known_facts(project)
    offered = _survey(project, quiet=quiet)
    changes = offered.changes(known)
    lines = [f"{name} {version} {change}" for (name, version), change in changes.items()]
    if check:
        end_check(lines, len(known.releases), "facts", as_json=as_json)
    _write(project, offered, known, quiet=quiet)
    count = len(project.facts.releases)
    text = f"lockfiles/facts.json has {count} releases; {len(changes)} of them changed."
    show({"schema": 1, "releases": count, "changes": lines}, text, as_json=as_json)


def read_missing(project: Project, *, quiet: bool) -> None:
    """Creates facts.json from the package index in a new folder.

    A new folder has a matrix.yaml and no lockfiles/.
    Raises OutOfReachError if the index does not answer.
    """
    if project.checkout.lockfiles.exists() or not project.checkout.matrix.exists():
        return
    offered = _survey(project, quiet=quiet, note="reading the package index: lockfiles/facts.json does not exist")
    _write(project, offered, Facts({}), quiet=quiet)


def read_unknown(project: Project, *, quiet: bool) -> None:
    """Reads the facts again if matrix.yaml has releases that they do not have.

    Raises OutOfReachError if the index does not answer.
    """
    named = [(name, version) for name, axis in model.PROJECTS.items() for version in project.matrix.values(axis)]
    unknown = [
        f"{name} {version}" for name, version in named if version != NONE and not project.facts.get(name, version)
    ]
    if unknown:
        offered = _survey(project, quiet=quiet, note=f"reading {', '.join(unknown)} from the package index")
        _write(project, offered, known_facts(project), quiet=quiet)


def _survey(project: Project, *, quiet: bool, note: str = "") -> "OfferedReleases":
    from raydock.index import releases
    from raydock.index.client import from_environment

    warn_of_unused_indexes()
    with Progress(Console(stderr=True), quiet=quiet) as progress:
        if note:
            progress("facts", note)
        return releases.survey(project.matrix, from_environment(os.environ, progress))


def _write(project: Project, offered: "OfferedReleases", known: Facts, *, quiet: bool) -> None:
    from raydock.core.files import write_whole

    with Progress(Console(stderr=True), quiet=quiet) as progress:
        fresh = offered.refresh(known, datetime.now(UTC).date(), lambda name: progress(name, "read"))
    write_whole(project.checkout.facts, model.dump(fresh))
    vars(project).pop("facts", None)  # drop the cached facts, so that the new file is read


def known_facts(project: Project) -> Facts:
    """The facts in the checkout.

    Empty if the file is invalid, so that it is written again.
    """
    try:
        return Facts(dict(project.facts.releases))
    except ConfigurationError as error:
        click.echo(f"{error.what} All releases are read again.", err=True)
        return Facts({})
