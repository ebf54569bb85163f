"""The results on hosts, as JSON (form in docs/reference/json.md) and as a table."""

from collections.abc import Sequence
from typing import Any

from raydock.core.texttable import fit
from raydock.hosts.smoke import HostOutcome, HostResult
from raydock.hosts.transfer import TransferMethod

SCHEMA = 1


def document(outcomes: Sequence[HostOutcome]) -> dict[str, Any]:
    """Return the document of `smoke --host --json`."""
    return {
        "schema": SCHEMA,
        "hosts": [
            {
                "host": outcome.host.name,
                "engine": outcome.engine,
                "variants": [result.document() for result in outcome.results],
                **({"error": str(outcome.error)} if outcome.error else {}),
            }
            for outcome in outcomes
        ],
    }


def table(outcomes: Sequence[HostOutcome], variants: Sequence[str], width: int | None) -> str:
    """Return a line for each variant on each host, then the failed and skipped checks."""
    rows = []
    for outcome in outcomes:
        cells = {result.variant.name: _cell(result) for result in outcome.results}
        missing = "out of reach" if outcome.error else "-"
        host = {"host": outcome.host.name, "engine": outcome.engine or "-"}
        rows += [{**host, "variant": name, "result": cells.get(name, missing)} for name in variants]
    lines = [line for outcome in outcomes for result in outcome.results for line in _lines(outcome.host.name, result)]
    return "\n".join([*fit(rows, ("engine",), width), *([""] if lines else []), *lines])


def _cell(result: HostResult) -> str:
    report = result.variant.report
    if report is None:
        return "failed"
    return f"{report.counts} ({_describe_transfer(result)})"


def _describe_transfer(result: HostResult) -> str:
    transferred = result.transferred
    if transferred is None:
        return "no image"
    if transferred.method is TransferMethod.SENT:
        return f"{transferred.sent / 1e6:,.1f} MB sent"
    return "image present" if transferred.method is TransferMethod.PRESENT else f"image {transferred.method}"


def _lines(host: str, result: HostResult) -> list[str]:
    lines: list[str] = []
    if report := result.variant.report:
        lines += report.problems
        lines += [f"{check.id} warns: {warning}" for check in report.checks for warning in check.warnings]
    if result.transferred and result.transferred.remark:
        lines.append(f"not pulled: {result.transferred.remark}")
    return [f"{host}, {result.variant.name}: {line}" for line in lines]
