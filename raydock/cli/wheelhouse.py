"""`wheelhouse`: checks folders of wheels."""

import os
import re
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from raydock.cli.options import as_json, current_project, show
from raydock.cli.output import warn_of_unused_indexes
from raydock.core.errors import ExitCode, RaydockError


def _version(context: click.Context, option: click.Parameter, value: str) -> str:
    """A version as MAJOR.MINOR, or an empty string."""
    if value and not re.fullmatch(r"[23]\.\d+", value):
        raise click.BadParameter(f"{value!r} is not a version such as {option.metavar}.", context, option)
    return value


@click.group()
def wheelhouse() -> None:
    """Checks folders of wheels that were copied into a network by hand.

    \b
    Example: ./build.py wheelhouse check DIR
    """


@wheelhouse.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--python", default="", metavar="3.10", callback=_version, help="Default: the Python in the wheels' tags."
)
@click.option(
    "--glibc", default="", metavar="2.35", callback=_version, help="Default: the glibc of matrix.yaml's base."
)
@click.option(
    "--write-lock",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Resolve the folder's packages from the package index, and write a lock with hashes.",
)
@click.option(
    "--cutoff",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Ignore packages newer than this day in the lock. Default: the day of the folder's newest wheel.",
)
@as_json
def check(
    *, folder: Path, python: str, glibc: str, target: Path | None, cutoff: datetime | None, as_json: bool
) -> None:
    """Finds problems in a folder of wheels before it is installed.

    It shows what to remove and what to download. Only --write-lock needs a network. Exits with 1 if there are problems.

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
        raise click.UsageError("--cutoff works only with --write-lock.")
    project = current_project()
    analysis = analyze_folder(folder, project.matrix, python, glibc, project.facts)
    problems = findings(analysis)
    report = WheelhouseReport(analysis=analysis, findings=problems, advice=by_findings(analysis, problems))
    failure = None
    if target:
        warn_of_unused_indexes()
        try:
            locked = relock.lock(analysis, problems, os.environ, cutoff.date() if cutoff else None)
            write_whole(target, locked.text)
            report = replace(report, advice=locked.advice, locked=locked, path=target)
        except RaydockError as error:
            failure = error
    show(report.document(), report.text(), as_json=as_json)
    if failure:
        raise failure
    sys.exit(ExitCode.DONE if report.ok else ExitCode.VARIANT_FAILED)
