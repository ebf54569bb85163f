"""`facts`."""

import os
from datetime import UTC, datetime

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


@click.command()
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--check", is_flag=True, help="Name the releases that changed and write nothing; exit 1 where one did.")
def facts(quiet: bool, check: bool) -> None:
    """Reads what the package index says of releases into lockfiles/facts.json: those that matrix.yaml names, and
    every final release of ray, torch and vllm that is not too old. Only what changed since is read.

    \b
    Example: ./build.py facts && git diff lockfiles/facts.json
    """
    from raydock.core.files import write_whole
    from raydock.index import releases
    from raydock.index.client import from_environment

    project, today = Project(Checkout(root())), datetime.now(UTC).date()
    held = project.facts if check else _held(project)
    tell_unused_indexes()
    with Progress(Console(stderr=True), quiet=quiet) as progress:
        found = releases.survey(project.matrix, from_environment(os.environ, progress))
    changes = found.changes(held)
    if check:
        answer_check(
            [f"{name} {version} {words}" for (name, version), words in changes.items()], len(held.releases), "facts"
        )
    with Progress(Console(stderr=True), quiet=quiet) as progress:
        fresh = found.refresh(held, today, lambda name: progress(name, "read"))
    write_whole(project.checkout.facts, model.dump(fresh))
    if not quiet:
        click.echo(f"lockfiles/facts.json holds {len(fresh.releases)} releases; {len(changes)} had changed.")


def _held(project: Project) -> Facts:
    """The facts that the checkout holds; none where the file cannot be read, which is then written anew."""
    try:
        return Facts(dict(project.facts.releases))
    except ConfigurationError as error:
        click.echo(f"{error.what} All releases are read anew.", err=True)
        return Facts({})
