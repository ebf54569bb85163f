"""The reports on hosts, as JSON (form in docs/reference/json.md) and as text."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from raydock.core.texttable import with_details
from raydock.doctor.examine import HostReport
from raydock.doctor.finding import Grade
from raydock.doctor.verdict import HostVerdict

SCHEMA = 1
_STYLES = {Grade.PASSED: "green", Grade.WARNED: "yellow", Grade.FAILED: "red", Grade.SKIPPED: "dim"}


def document(reports: Sequence[HostReport]) -> dict[str, Any]:
    """Return the document of `doctor --json`."""
    return {"schema": SCHEMA, "hosts": [_entry(report) for report in reports]}


def text(report: HostReport, width: int | None) -> RenderableType:
    """Return the report as text: the variants that run, the checks, and what to do."""
    sentence = report.verdict.sentence if report.verdict else "not examined"
    rows = [(id, finding.grade, finding.detail) for id, finding in report.findings.items()]
    checks = []
    for (id, grade, _), lines in zip(rows, with_details(rows, width), strict=True):
        shown = Text("\n".join(lines))
        start = lines[0].index(grade, len(id))
        shown.stylize(_STYLES[grade], start, start + len(grade))
        checks.append(shown)
    todos = [Text(f"Next, {id}: {finding.todo}") for id, finding in report.findings.items() if finding.todo]
    return Group(Text(f"{report.host.name}: {sentence}."), *checks, *todos)


def _entry(report: HostReport) -> dict[str, Any]:
    checks = [
        {"id": id, "status": finding.grade, "detail": finding.detail, "todo": finding.todo}
        for id, finding in report.findings.items()
    ]
    entry = {"host": report.host.name, **(_verdict(report.verdict) if report.verdict else {}), "checks": checks}
    return entry | ({"error": str(report.error)} if report.error else {})


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
