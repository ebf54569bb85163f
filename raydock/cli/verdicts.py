"""What scans and audits say, for a person."""

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


def table(items: Sequence[Judged]) -> Table:
    """A row a variant: its verdict, and how many findings were refused, ignored, and below the policy's bar."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("variant", "verdict", "refused", "ignored", "below the bar"):
        grid.add_column(heading, overflow="fold", justify="left" if heading in {"variant", "verdict"} else "right")
    for item in items:
        counts = (item.judgement.refused, item.judgement.ignored, item.judgement.reported)
        grid.add_row(item.name, item.verdict, *(str(len(findings)) for findings in counts))
    return grid


def details(items: Sequence[Judged], remarks: Sequence[str] = (), *, verbose: bool = False) -> str:
    """What was refused, ignored and not looked for, each once with the variants that it concerns, and the remarks.

    With `verbose`, also what is below the policy's bar.
    """
    lines: list[str] = []
    for heading, said in (
        ("refused", lambda found: [*found.expired, *map(_words, found.refused)]),
        ("not looked for", lambda found: [found.missing] if found.missing else []),
        ("ignored", lambda found: [f"{i.finding}: up to {i.ignore.until}: {i.ignore.reason}" for i in found.ignored]),
        ("below the bar", lambda found: map(_words, found.reported if verbose else ())),
    ):
        names: dict[str, list[str]] = {}
        for item in items:
            for line in dict.fromkeys(said(item.judgement)):
                names.setdefault(line, []).append(item.name)
        lines += _block(heading, {line: _who(found, len(items)) for line, found in names.items()})
    return "\n".join(lines + _block("worth knowing", dict.fromkeys(remarks, "")))


def refusal(items: Sequence[Judged], unknown: str, *, allowed: bool, todo: str) -> PolicyError | None:
    """The error that a run ends with; None where nothing is refused, and none has the verdict `unknown` or that is
    allowed. `todo` says what helps against it."""
    refused = [item.name for item in items if item.judgement.refuses]
    missing = [item.name for item in items if item.verdict == unknown]
    if refused:
        return PolicyError(
            f"{len(refused)} of {len(items)} refused by scan.yaml: {', '.join(refused)}.",
            todo="take the versions that fix it, or `ignore` it in scan.yaml, with a reason and a day"
            " (docs/how-to/scan.md).",
        )
    if missing and not allowed:
        return PolicyError(
            f"{len(missing)} of {len(items)} {unknown}: {', '.join(missing)}.",
            meaning="Nothing is refused there, and not everything was looked for.",
            todo=todo,
        )
    return None


def _words(finding: Finding) -> str:
    return f"{finding}: {finding.title}" if finding.title else str(finding)


def _block(heading: str, lines: dict[str, str]) -> list[str]:
    """A heading and its lines, each with what concerns it below; nothing where there are none."""
    indented = [part for line, who in lines.items() for part in (f"  {line}", *([f"    {who}"] if who else []))]
    return ["", f"{heading}:", *indented] if indented else []


def _who(names: list[str], of: int) -> str:
    if len(names) == of:
        return "" if of == 1 else f"all {of}"
    return ", ".join(names)
