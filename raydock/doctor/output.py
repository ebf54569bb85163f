"""What was found on hosts, for programs (JSON, form in docs/reference/json.md) and for people."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from raydock.doctor.examine import Examined
from raydock.doctor.finding import Grade
from raydock.doctor.verdict import HostVerdict

SCHEMA = 1
_STYLES = {Grade.PASSED: "green", Grade.WARNED: "yellow", Grade.FAILED: "red", Grade.SKIPPED: "dim"}


def document(found: Sequence[Examined]) -> dict[str, Any]:
    """`doctor --json`."""
    return {"schema": SCHEMA, "hosts": [_entry(item) for item in found]}


def words(item: Examined) -> RenderableType:
    """The one line on what runs there, then a line a check, then what to do."""
    head = Text(f"{item.host.name}: {item.verdict.sentence}." if item.verdict else f"{item.host.name}: not asked.")
    grid = Table(box=None, pad_edge=False, show_header=False)
    for column in ("check", "grade", "detail"):
        grid.add_column(column, overflow="fold", no_wrap=column != "detail")
    for finding in item.findings:
        grid.add_row(finding.id, Text(finding.grade, style=_STYLES[finding.grade]), Text(finding.detail))
    todos = [Text(f"Next, {finding.id}: {finding.todo}") for finding in item.findings if finding.todo]
    return Group(head, grid, *todos)


def _entry(item: Examined) -> dict[str, Any]:
    checks = [
        {"id": finding.id, "status": finding.grade, "detail": finding.detail, "todo": finding.todo}
        for finding in item.findings
    ]
    entry = {"host": item.host.name, **(_verdict(item.verdict) if item.verdict else {}), "checks": checks}
    return entry | ({"error": str(item.error)} if item.error else {})


def _verdict(verdict: HostVerdict) -> dict[str, Any]:
    host = verdict.host
    return {
        "sentence": verdict.sentence,
        "driver": host.driver if host else None,
        "cuda": verdict.cuda or None,
        "gpus": [{"name": gpu.name, "sm": gpu.sm} for gpu in host.gpus] if host else None,
        "runs": list(verdict.runs),
        "of": verdict.of,
    }
