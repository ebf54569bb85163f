"""What became of variants on hosts, for programs (JSON, form in docs/reference/json.md) and for people."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from raydock.hosts.smoke import HostOutcome, Proved
from raydock.hosts.transfer import TransferMethod
from raydock.model.report import Status

SCHEMA = 1


def document(outcomes: Sequence[HostOutcome]) -> dict[str, Any]:
    """`smoke --host --json`."""
    return {
        "schema": SCHEMA,
        "hosts": [
            {
                "host": item.host.name,
                "engine": item.engine,
                "variants": [proved.document() for proved in item.proved],
                **({"error": str(item.error)} if item.error else {}),
            }
            for item in outcomes
        ],
    }


def table(outcomes: Sequence[HostOutcome], variants: Sequence[str]) -> RenderableType:
    """A row a host, a column a variant; then every check that failed or was skipped."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("host", "engine", *variants):
        grid.add_column(heading, overflow="fold")
    for item in outcomes:
        cells = {proved.outcome.name: _cell(proved) for proved in item.proved}
        missing = "out of reach" if item.error else "-"
        grid.add_row(item.host.name, item.engine or "-", *(cells.get(name, missing) for name in variants))
    lines = [line for item in outcomes for proved in item.proved for line in _lines(item.host.name, proved)]
    return Group(grid, *([Text(), *map(Text, lines)] if lines else []))


def _cell(proved: Proved) -> str:
    report = proved.outcome.report
    if report is None:
        return "failed"
    return f"{report.counts} ({_came(proved)})"


def _came(proved: Proved) -> str:
    brought = proved.brought
    if brought is None:
        return "no image"
    return f"{brought.sent / 1e6:,.1f} MB sent" if brought.way is TransferMethod.SENT else f"image {brought.way}"


def _lines(host: str, proved: Proved) -> list[str]:
    lines: list[str] = []
    if report := proved.outcome.report:
        for status in (Status.FAILED, Status.SKIPPED):
            lines += [f"{checks} {status}: {detail}" for detail, checks in report.told(status).items()]
        lines += [f"{check.id} warns: {words}" for check in report.checks for words in check.warnings]
    if proved.brought and proved.brought.remark:
        lines.append(f"not pulled there: {proved.brought.remark}")
    return [f"{host}, {proved.outcome.name}: {line}" for line in lines]
