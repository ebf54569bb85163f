"""The results of commands: what they print, and their exit codes."""

import os
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

import click
from rich.console import RenderableType

from raydock.cli.options import CommandRequest, show, width
from raydock.core.errors import ExitCode, NotBuiltError, RaydockError, VariantError
from raydock.core.events import WAITING
from raydock.core.steps import Step, slowest
from raydock.core.steps import document as step_entries
from raydock.core.texttable import fit, with_details
from raydock.plan.output import count

# The columns of the table that are dropped until a line fits, in this order.
_DROPPED = ("image", "build", "size")

if TYPE_CHECKING:
    from raydock.model.report import Check
    from raydock.model.result import VariantResult


def end_check(problems: list[str], checked: int, command: str, *, as_json: bool) -> NoReturn:
    """Prints the result of a --check and exits, with 0 if it found no problems.

    checked: the number of files or releases that it checked.
    command: the command that fixes the problems.
    """
    good = () if problems else (f"All {checked} are up to date.",)
    show({"schema": 1, "checked": checked, "problems": problems}, *good, as_json=as_json)
    if not problems:
        sys.exit(ExitCode.DONE)
    todo = f"`./build.py {command}`, then commit the changed files."
    click.echo(str(VariantError("\n".join(problems), todo=todo)), err=True)
    sys.exit(ExitCode.VARIANT_FAILED)


def report(
    request: CommandRequest, results: "Sequence[VariantResult]", *texts: RenderableType, steps: Sequence[Step] = ()
) -> NoReturn:
    """Prints the results of variants and the steps of the run, as JSON or as texts, and exits.

    The default texts are a table, failed and skipped checks, a sentence on the whole run, and its slowest steps.
    """
    lines = [*table(results, width()), *describe_checks(results), sentence(results)]
    if any(result.image for result in results):
        lines.append(f"Tags: {request.project.matrix.registry}:VARIANT")
    lines += describe_slowest(steps)
    texts = texts or ("\n".join(lines),)
    document = {"schema": 1, "variants": [result.document() for result in results], "steps": step_entries(steps)}
    request.show(document, *texts)
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
    for error in _join_unbuilt(errors.values()):
        click.echo(f"\n{error}", err=True)
    codes = {error.exit_code for error in errors.values()}
    if failed and not codes:
        sys.exit(ExitCode.VARIANT_FAILED)
    sys.exit(codes.pop() if len(codes) == 1 else ExitCode.VARIANT_FAILED if codes else ExitCode.DONE)


def _join_unbuilt(errors: Collection[RaydockError]) -> list[RaydockError]:
    """The errors, with one for all variants that are not built."""
    rest = [error for error in errors if not isinstance(error, NotBuiltError)]
    unbuilt = [error for error in errors if isinstance(error, NotBuiltError)]
    names = [name for error in unbuilt for name in error.names]
    return [*rest, NotBuiltError(*names, command=unbuilt[0].command)] if unbuilt else rest


def table(results: "Sequence[VariantResult]", columns: int | None = None) -> list[str]:
    """A line for each variant, with its image, its size, build time and counts of checks, below a line of headings.

    In a terminal that is too narrow, _DROPPED are left out.
    """
    return fit([_cells(result) for result in results], _DROPPED, columns)


def _cells(result: "VariantResult") -> dict[str, str]:
    size = result.image.size if result.image else 0
    return {
        "variant": result.name,
        "image": result.image_id.removeprefix("sha256:")[:12] or "-",
        "size": f"{size / 1e6:,.0f} MB" if size else "-",
        "build": _build(result),
        "checks": result.report.counts if result.report else "-",
    }


def describe_checks(results: "Sequence[VariantResult]") -> list[str]:
    """A line for each failed or skipped check and each warning, with the variants that have it, below the table."""
    names: dict[str, list[str]] = {}
    for result in results:
        if report := result.report:
            warnings = [f"{check.id}: warning: {warning}" for check in report.checks for warning in check.warnings]
            for line in (*report.problems, *warnings):
                names.setdefault(line, []).append(result.name)
    return [
        f"{', '.join(owners) if len(owners) < 4 else f'{len(owners)} variants'}: {line}"
        for line, owners in names.items()
    ]


def check_table(checks: "Sequence[Check]", columns: int | None = None) -> str:
    """The lines of each check or clause: id, status, duration in seconds, detail."""
    durations = [f"{check.seconds:.1f} s" for check in checks]
    longest = max(map(len, durations), default=0)
    rows = [
        (check.id, check.status, duration.rjust(longest), "\nwarning: ".join([check.detail, *check.warnings]))
        for check, duration in zip(checks, durations, strict=True)
    ]
    return "\n".join(line for lines in with_details(rows, columns) for line in lines)


def sentence(results: "Sequence[VariantResult]") -> str:
    """A sentence with the counts of the whole run."""
    built = sum(result.built for result in results)
    built_before = sum(not result.built and not result.error for result in results)
    tested = sum(result.tested and result.passed for result in results)
    tested_before = sum(result.report is not None and not result.tested and result.passed for result in results)
    failed = sum(not result.passed for result in results)
    parts = [f"{built} built" if built else "nothing to build", f"{built_before} built before" if built_before else ""]
    parts += [f"{tested} tested" if tested else "", f"{tested_before} tested before" if tested_before else ""]
    parts += [f"{failed} failed" if failed else ""]
    return ", ".join(part for part in parts if part) + "."


def describe_slowest(steps: Sequence[Step]) -> list[str]:
    """The slowest steps, a line each; none if no step took a second."""
    slow = slowest(step for step in steps if step.span.seconds >= 1 and step.title != WAITING)
    lines = [f"  {step.span.seconds:.1f} s  {step.name}: {step.title}" for step in slow]
    return ["Slowest steps:", *lines] if lines else []


def _build(result: "VariantResult") -> str:
    if isinstance(result.error, NotBuiltError):
        return "not built"
    if result.error and not result.image_id:
        return "failed"
    return f"{result.seconds:.1f} s" if result.built else "built before"
