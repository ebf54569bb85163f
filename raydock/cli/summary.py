"""What became of the variants of a run, for a person."""

from collections.abc import Sequence

from rich.table import Table

from raydock.model.report import Check, Status
from raydock.model.result import VariantResult


def table(outcomes: Sequence[VariantResult]) -> Table:
    """A row a variant: its image, how it came to be, and the checks that failed or were skipped."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("variant", "image", "build", "checks"):
        grid.add_column(heading, overflow="fold")
    for item in outcomes:
        grid.add_row(item.name, item.image_id.removeprefix("sha256:")[:12] or "-", _build(item), _checks(item))
    return grid


def answers(checks: Sequence[Check]) -> Table:
    """A row a check, or a clause of KubeRay's contract: its name, the answer, the seconds, what was found."""
    grid = Table(box=None, pad_edge=False, show_header=False)
    for column in ("check", "answer", "seconds", "detail"):
        grid.add_column(column, overflow="fold", justify="right" if column == "seconds" else "left")
    for check in checks:
        words = "\nwarning: ".join([check.detail, *check.warnings])
        grid.add_row(check.id, check.status, f"{check.seconds:.1f} s", words)
    return grid


def sentence(outcomes: Sequence[VariantResult]) -> str:
    """One line on the whole run."""
    built = sum(item.built for item in outcomes)
    there = sum(not item.built and not item.error for item in outcomes)
    proved = sum(item.proved and item.passed for item in outcomes)
    before = sum(item.report is not None and not item.proved and item.passed for item in outcomes)
    failed = sum(not item.passed for item in outcomes)
    parts = [f"{built} built" if built else "nothing to build", f"{there} built before" if there else ""]
    parts += [f"{proved} tested" if proved else "", f"{before} tested before" if before else ""]
    parts += [f"{failed} failed" if failed else ""]
    return ", ".join(part for part in parts if part) + "."


def _build(item: VariantResult) -> str:
    if item.error and not item.image_id:
        return "failed"
    return f"{item.seconds:.1f} s" if item.built else "built before"


def _checks(item: VariantResult) -> str:
    if not item.report:
        return "-"
    lines = [item.report.counts]
    for status in (Status.FAILED, Status.SKIPPED):
        lines += [f"{checks}: {detail}" for detail, checks in item.report.told(status).items()]
    lines += [f"{c.id}: warning: {words}" for c in item.report.checks for words in c.warnings]
    return "\n".join(lines)
