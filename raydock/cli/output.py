"""How commands answer and exit."""

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn

import click

from raydock.cli.options import CommandRequest
from raydock.core.errors import ConfigurationError, ExitCode, RaydockError, VariantError
from raydock.plan.output import count


def answer_check(lines: list[str], asked: int, command: str) -> NoReturn:
    """Exits with 0 if a --check found nothing wrong in the `asked` variants. Raises VariantError if it did."""
    if lines:
        raise VariantError("\n".join(lines), todo=f"`./build.py {command}`, then commit what it writes.")
    click.echo(f"All {asked} are as they should be.")
    sys.exit(ExitCode.DONE)


def report(request: CommandRequest, outcomes: list[Any]) -> NoReturn:
    """Says what became of the variants and exits."""
    from raydock.cli import summary

    if request.as_json:
        click.echo(json.dumps({"schema": 1, "variants": [item.document() for item in outcomes]}, indent=1))
    else:
        request.say(summary.table(outcomes))
        request.say(summary.sentence(outcomes))
    end({item.name: item.error for item in outcomes if item.error}, failed=not all(item.passed for item in outcomes))


def tell_unused_indexes() -> None:
    """Names the settings of extra indexes, which raydock does not use."""
    from raydock.index import addresses

    if names := addresses.unused(os.environ):
        click.echo(
            f"Not used: {', '.join(names)}. Only `indexes` in matrix.yaml adds a package index, so that every checkout"
            " makes the same locks.",
            err=True,
        )


def cutoff_notes(without: Mapping[str, str]) -> list[str]:
    """Warnings for locks that no cut-off day holds for, by variant: see Project.without_cutoff."""
    return [
        f"Warning: no cut-off day holds for {count(number, 'lock')}. No upload times come from: {indexes}."
        " Locking again may pin newer packages (docs/how-to/restricted-networks.md)."
        for indexes, number in sorted(Counter(without.values()).items())
    ]


def refuse_selection(request: CommandRequest) -> None:
    """Raises ConfigurationError where --image is given beside a selection."""
    if request.groups or request.selectors:
        raise ConfigurationError(
            "--image names one image in place of a selection.", todo="leave --group and --select away."
        )


def end(errors: dict[str, RaydockError], *, failed: bool = False) -> NoReturn:
    """Prints the errors and exits: with their code where they share one, else with 1."""
    for error in errors.values():
        click.echo(f"\n{error}", err=True)
    codes = {error.exit_code for error in errors.values()}
    if failed and not codes:
        sys.exit(ExitCode.VARIANT_FAILED)
    sys.exit(codes.pop() if len(codes) == 1 else ExitCode.VARIANT_FAILED if codes else ExitCode.DONE)
