"""`wheelhouse`: folders of wheels that were carried in by hand."""

import json
import os
import re
import sys
from datetime import datetime
from pathlib import Path

import click

from raydock.cli.options import root
from raydock.cli.output import tell_unused_indexes
from raydock.core.checkout import Checkout
from raydock.core.errors import ExitCode, RaydockError
from raydock.pipeline.project import Project


def _version(context: click.Context, option: click.Parameter, value: str) -> str:
    """A version as MAJOR.MINOR, or nothing."""
    if value and not re.fullmatch(r"[23]\.\d+", value):
        raise click.BadParameter(f"{value!r} is not written like {option.metavar}.", context, option)
    return value


@click.group()
def wheelhouse() -> None:
    """Folders of wheels that were carried in by hand.

    \b
    Example: ./build.py wheelhouse check DIR
    """


@wheelhouse.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--python", default="", metavar="3.10", callback=_version, help="Default: what the wheels' tags say.")
@click.option("--glibc", default="", metavar="2.35", callback=_version, help="Default: that of matrix.yaml's base.")
@click.option(
    "--write-lock",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Resolve what the folder is for from the package index, and write the lock with hashes.",
)
@click.option(
    "--cutoff",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Packages newer than this day do not exist for the lock. Default: the day of the folder's newest wheel.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, all else on stderr.")
def check(
    *, folder: Path, python: str, glibc: str, target: Path | None, cutoff: datetime | None, as_json: bool
) -> None:
    """Says what is wrong with a folder of wheels before anybody installs it; what to drop, and what to fetch.

    Needs no network, but for --write-lock. Exits with 1 where something is wrong.

    \b
    Example: ./build.py wheelhouse check wheels/ --write-lock wheels.txt
    """
    from raydock.core.files import write_whole
    from raydock.wheelhouse import relock
    from raydock.wheelhouse.advice import by_findings
    from raydock.wheelhouse.analysis import analyze_folder
    from raydock.wheelhouse.check import findings
    from raydock.wheelhouse.output import WheelhouseReport

    if cutoff and not target:
        raise click.UsageError("--cutoff is for the lock: name its file with --write-lock.")
    project = Project(Checkout(root()))
    analysis = analyze_folder(folder, project.matrix, python, glibc, project.facts)
    found = findings(analysis)
    report = WheelhouseReport(analysis=analysis, findings=found, advice=by_findings(analysis, found))
    failure = None
    if target:
        tell_unused_indexes()
        try:
            locked = relock.lock(analysis, found, os.environ, cutoff.date() if cutoff else None)
            write_whole(target, locked.text)
            report = WheelhouseReport(
                analysis=analysis, findings=found, advice=locked.advice, locked=locked, path=target
            )
        except RaydockError as error:
            failure = error
    click.echo(json.dumps(report.document(), indent=1) if as_json else report.text())
    if failure:
        raise failure
    sys.exit(ExitCode.DONE if report.ok else ExitCode.VARIANT_FAILED)
