"""The results of commands: what they print, and their exit codes."""

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

import click
from rich.console import RenderableType

from raydock.cli.options import CommandRequest
from raydock.core.errors import ExitCode, RaydockError, VariantError
from raydock.plan.output import count

if TYPE_CHECKING:
    from raydock.model.result import VariantResult


def end_check(problems: list[str], checked: int, command: str) -> NoReturn:
    """Exits with 0 if a --check found no problems.

    `checked` is the number of files or releases that it checked.
    Raises VariantError if there are problems.
    """
    if problems:
        raise VariantError("\n".join(problems), todo=f"`./build.py {command}`, then commit the changed files.")
    click.echo(f"All {checked} are up to date.")
    sys.exit(ExitCode.DONE)


def report(request: CommandRequest, results: "Sequence[VariantResult]", *texts: RenderableType) -> NoReturn:
    """Prints the results of variants, as JSON or as texts, and exits.

    The default texts are a table and a sentence on the whole run.
    """
    from raydock.cli import summary

    texts = texts or (summary.table(results), summary.sentence(results))
    request.show({"schema": 1, "variants": [result.document() for result in results]}, *texts)
    errors = {result.name: result.error for result in results if result.error}
    end(errors, failed=not all(result.passed for result in results))


def warn_of_unused_indexes() -> None:
    """Warns about settings of extra indexes, which raydock does not use."""
    from raydock.index import addresses

    if names := addresses.unused(os.environ):
        click.echo(
            f"Not used: {', '.join(names)}. Only `indexes` in matrix.yaml adds a package index, so that every checkout"
            " makes the same locks.",
            err=True,
        )


def cutoff_notes(without: Mapping[str, str]) -> list[str]:
    """Warnings about locks without a cut-off day.

    `without` has the indexes by variant (Project.without_cutoff).
    """
    return [
        f"Warning: the cut-off day does not apply to {count(number, 'lock')}. Indexes without upload times: {indexes}."
        " Locking again may pin newer packages (docs/how-to/restricted-networks.md)."
        for indexes, number in sorted(Counter(without.values()).items())
    ]


def end(errors: dict[str, RaydockError], *, failed: bool = False) -> NoReturn:
    """Prints the errors and exits.

    The exit code is the one that all errors have, otherwise 1.
    """
    for error in errors.values():
        click.echo(f"\n{error}", err=True)
    codes = {error.exit_code for error in errors.values()}
    if failed and not codes:
        sys.exit(ExitCode.VARIANT_FAILED)
    sys.exit(codes.pop() if len(codes) == 1 else ExitCode.VARIANT_FAILED if codes else ExitCode.DONE)
