"""Command line of the benchmarks: `python -m benchmarks [NAMES...]`."""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks import compat, extras, report
from benchmarks.bench import RESULTS, Bench, Setting
from benchmarks.catalogue import BENCHES
from benchmarks.figure import HEADINGS, Figure, Result
from benchmarks.machine import describe
from raydock.core.errors import ExitCode, RaydockError, nearest

REPORT, COMPAT, EXTRAS = "report", "compat", "extras"


def _listing() -> str:
    lines = [f"  {bench.name:9}{bench.summary} ({bench.minutes} min, {bench.disk})" for bench in BENCHES.values()]
    lines.append(
        f"  {COMPAT:9}not a bench: compare plan with uv and write docs/reference/compat.md (1 min, package index)"
    )
    lines.append(
        f"  {EXTRAS:9}not a bench: list what Ray's extras add in docs/reference/extras.md (2 min, package index)"
    )
    lines.append(f"  {REPORT:9}not a bench: write the latest results to docs/reference/measurements.md")
    return "\n".join(["\b", "Benches, with their duration on two cores and disk space:", *lines])


@click.command(epilog=_listing(), context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.argument("names", nargs=-1)
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True, help="Timed builds of each way.")
def main(names: tuple[str, ...], runs: int) -> None:
    """Compare raydock with the usual way; without NAMES, run every bench and then the report.

    Each result is printed and written to .raydock/bench/NAME.json. The exit code is 1 if a target is missed.

    \b
    Example: python -m benchmarks size scale
    """
    for name in names:
        if name not in (known := (*BENCHES, COMPAT, EXTRAS, REPORT)):
            raise click.UsageError(f"{name!r} is not a bench. {nearest(name, known)}")
    chosen = names or (*BENCHES, REPORT)
    missed = [figure for name in chosen if name in BENCHES for figure in _run(BENCHES[name], runs) if not figure.met]
    agreed = True
    if COMPAT in chosen:
        document, agreed = compat.write()
        click.echo(f"{document} is written: plan compared with uv.")
    if EXTRAS in chosen:
        click.echo(f"{extras.write()} is written: what each extra adds.")
    if REPORT in chosen:
        click.echo(f"{report.write(RESULTS)} is written: the latest results.")
    sys.exit(ExitCode.DONE if agreed and not missed else ExitCode.VARIANT_FAILED)


def _run(bench: Bench, runs: int) -> list[Figure]:
    console = Console(highlight=False, soft_wrap=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    began, when = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    with _folder(bench.name) as folder:
        setting = Setting(folder=folder, runs=runs, progress=lambda line: click.echo(f"{bench.name}: {line}", err=True))
        figures = list(bench.run(setting))
    result = Result(
        bench=bench.name,
        figures=figures,
        machine=describe(),
        when=when,
        seconds=round(time.monotonic() - began, 1),
        detail=setting.detail,
    )
    path = result.save(RESULTS)
    console.print(_table(bench, figures), soft_wrap=False)
    console.print(f"{result.seconds:.0f} s; {path}")
    return figures


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    """Make a folder for a bench, which is kept if the bench fails, because its logs show why."""
    folder = Path(tempfile.mkdtemp(dir=RESULTS, prefix=f"{name}-"))
    failed = False
    try:
        yield folder
    except RaydockError:
        failed = True
        raise
    finally:
        if not failed:
            shutil.rmtree(folder)


def _table(bench: Bench, figures: list[Figure]) -> Table:
    table = Table(title=f"{bench.name}: {bench.summary}", title_justify="left", box=None, pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    for figure in figures:
        table.add_row(figure.what, *figure.cells)
    return table


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except RaydockError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.BAD_INPUT)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(ExitCode.INTERRUPTED)
