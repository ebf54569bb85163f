"""The results of scans and audits as text for the terminal."""

from collections.abc import Sequence
from typing import Any, Protocol

from rich.table import Table

from raydock.core.errors import PolicyError
from raydock.model.finding import Finding
from raydock.model.judgement import Judgement


class Judged(Protocol):
    """A scan's report or a lock's audit."""

    @property
    def name(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def judgement(self) -> Judgement: ...
    def document(self) -> dict[str, Any]: ...


def table(reports: Sequence[Judged]) -> Table:
    """A row per variant: verdict, and counts of findings."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("variant", "verdict", "refused", "ignored", "below threshold"):
        grid.add_column(heading, overflow="fold", justify="left" if heading in {"variant", "verdict"} else "right")
    for report in reports:
        counts = (report.judgement.refused, report.judgement.ignored, report.judgement.reported)
        grid.add_row(report.name, report.verdict, *(str(len(findings)) for findings in counts))
    return grid


def details(reports: Sequence[Judged], remarks: Sequence[str] = (), *, verbose: bool = False) -> str:
    """The findings, each once with the variants that have it, and the remarks.

    With `verbose`, also the findings below the policy's threshold.
    """
    lines: list[str] = []
    for heading, describe in (
        ("refused", lambda judged: [*judged.expired, *map(_describe, judged.refused)]),
        ("not looked for", lambda judged: [judged.missing] if judged.missing else []),
        ("ignored", lambda judged: [f"{i.finding}: up to {i.ignore.until}: {i.ignore.reason}" for i in judged.ignored]),
        ("below threshold", lambda judged: map(_describe, judged.reported if verbose else ())),
    ):
        names: dict[str, list[str]] = {}
        for report in reports:
            for line in dict.fromkeys(describe(report.judgement)):
                names.setdefault(line, []).append(report.name)
        lines += _block(heading, {line: _join_names(which, len(reports)) for line, which in names.items()})
    return "\n".join(lines + _block("notes", dict.fromkeys(remarks, "")))


def refusal(reports: Sequence[Judged], unknown: str, *, allowed: bool, todo: str) -> PolicyError | None:
    """The error that ends a run.

    Returns None if no report refuses, and none has the verdict `unknown` or that is allowed.
    todo: the next step for the verdict `unknown`.
    """
    refused = [report.name for report in reports if report.judgement.refuses]
    missing = [report.name for report in reports if report.verdict == unknown]
    if refused:
        return PolicyError(
            f"{len(refused)} of {len(reports)} refused by scan.yaml: {', '.join(refused)}.",
            todo="use versions with a fix, or add it to `ignore` in scan.yaml, with a reason and a day"
            " (docs/how-to/scan.md).",
        )
    if missing and not allowed:
        return PolicyError(
            f"{len(missing)} of {len(reports)} {unknown}: {', '.join(missing)}.",
            meaning="No finding is refused, but the check is incomplete.",
            todo=todo,
        )
    return None


def _describe(finding: Finding) -> str:
    return f"{finding}: {finding.title}" if finding.title else str(finding)


def _block(heading: str, lines: dict[str, str]) -> list[str]:
    """A heading and its lines, each followed by the variants that it concerns.

    Empty if there are no lines.
    """
    indented = [
        part for line, variants in lines.items() for part in (f"  {line}", *([f"    {variants}"] if variants else []))
    ]
    return ["", f"{heading}:", *indented] if indented else []


def _join_names(names: list[str], total: int) -> str:
    if len(names) == total:
        return "" if total == 1 else f"all {total}"
    return ", ".join(names)
