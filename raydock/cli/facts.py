"""`facts`."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console

from raydock.cli.options import root
from raydock.cli.output import answer_check, tell_unused_indexes
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError
from raydock.core.progress import Progress
from raydock.model import facts as model
from raydock.model.facts import Facts
from raydock.pipeline.project import Project

if TYPE_CHECKING:
    from raydock.index.releases import OfferedReleases


@click.command()
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--check", is_flag=True, help="Name the releases that changed and write nothing; exit 1 where one did.")
def facts(quiet: bool, check: bool) -> None:
    """Reads what the package index says of releases into lockfiles/facts.json: those that matrix.yaml names, and
    every final release of ray, torch and vllm that is not too old. Only what changed since is read.

    \b
    Example: ./build.py facts && git diff lockfiles/facts.json
    """
    project = Project(Checkout(root()))
    held = project.facts if check else _held(project)
    tell_unused_indexes()
    with Progress(Console(stderr=True), quiet=quiet) as progress:
        found = _survey(project, progress)
    changes = found.changes(held)
    if check:
        answer_check(
            [f"{name} {version} {words}" for (name, version), words in changes.items()], len(held.releases), "facts"
        )
    _write(project, found, held, quiet=quiet)
    if not quiet:
        click.echo(f"lockfiles/facts.json holds {len(project.facts.releases)} releases; {len(changes)} had changed.")


def read_missing(project: Project, *, quiet: bool) -> None:
    """Reads facts.json from the package index in a new folder: one with a matrix.yaml and no lockfiles/.

    Raises OutOfReachError if the index does not answer.
    """
    if project.checkout.lockfiles.exists() or not project.checkout.matrix.exists():
        return
    tell_unused_indexes()
    with Progress(Console(stderr=True), quiet=quiet) as progress:
        progress("facts", "reading the package index: lockfiles/facts.json does not exist")
        found = _survey(project, progress)
    _write(project, found, Facts({}), quiet=quiet)


def _survey(project: Project, progress: Progress) -> "OfferedReleases":
    from raydock.index import releases
    from raydock.index.client import from_environment

    return releases.survey(project.matrix, from_environment(os.environ, progress))


def _write(project: Project, found: "OfferedReleases", held: Facts, *, quiet: bool) -> None:
    from raydock.core.files import write_whole

    with Progress(Console(stderr=True), quiet=quiet) as progress:
        fresh = found.refresh(held, datetime.now(UTC).date(), lambda name: progress(name, "read"))
    write_whole(project.checkout.facts, model.dump(fresh))
    vars(project).pop("facts", None)  # it is read again


def _held(project: Project) -> Facts:
    """The facts that the checkout holds; none if the file cannot be read, which is then written again."""
    try:
        return Facts(dict(project.facts.releases))
    except ConfigurationError as error:
        click.echo(f"{error.what} All releases are read again.", err=True)
        return Facts({})
