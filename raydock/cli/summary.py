"""The results of a run as tables and a sentence for the terminal."""

from collections.abc import Sequence

from rich.table import Table

from raydock.model.report import Check, Status
from raydock.model.result import VariantResult


def table(results: Sequence[VariantResult]) -> Table:
    """A row per variant: image, build time, and failed or skipped checks."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("variant", "image", "build", "checks"):
        grid.add_column(heading, overflow="fold")
    for result in results:
        image_id = result.image_id.removeprefix("sha256:")[:12] or "-"
        grid.add_row(result.name, image_id, _build(result), _checks(result))
    return grid


def check_table(checks: Sequence[Check]) -> Table:
    """A row per check or clause: id, status, duration in seconds, detail."""
    grid = Table(box=None, pad_edge=False, show_header=False)
    for column in ("check", "status", "seconds", "detail"):
        grid.add_column(column, overflow="fold", justify="right" if column == "seconds" else "left")
    for check in checks:
        detail = "\nwarning: ".join([check.detail, *check.warnings])
        grid.add_row(check.id, check.status, f"{check.seconds:.1f} s", detail)
    return grid


def sentence(results: Sequence[VariantResult]) -> str:
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


def _build(result: VariantResult) -> str:
    if result.error and not result.image_id:
        return "failed"
    return f"{result.seconds:.1f} s" if result.built else "built before"


def _checks(result: VariantResult) -> str:
    if not result.report:
        return "-"
    lines = [result.report.counts]
    for status in (Status.FAILED, Status.SKIPPED):
        lines += [f"{checks}: {detail}" for detail, checks in result.report.details(status).items()]
    lines += [f"{check.id}: warning: {warning}" for check in result.report.checks for warning in check.warnings]
    return "\n".join(lines)
