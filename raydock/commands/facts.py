"""`facts`."""

import os
from datetime import UTC, datetime

import click
from rich.console import Console

from raydock.options import root
from raydock.paths import Checkout
from raydock.progress import Progress
from raydock.project import Project


@click.command()
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def facts(quiet: bool) -> None:
    """Reads the releases that matrix.yaml names from the package index anew, into lockfiles/facts.json.

    \b
    Example: ./build.py facts && git diff lockfiles/facts.json
    """
    from raydock.files import write_whole
    from raydock.lock import index
    from raydock.model import facts as model

    project = Project(Checkout(root()))
    today = datetime.now(UTC).date()
    progress = Progress(Console(stderr=True), quiet=quiet)
    with progress:
        found = index.refresh(
            project.matrix, index.from_environment(os.environ), today, lambda name: progress(name, "read")
        )
    write_whole(project.checkout.facts, model.dump(found))
    if not quiet:
        click.echo(f"lockfiles/facts.json holds {len(found.releases)} releases, read {today}.")
