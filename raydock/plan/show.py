"""A plan for programs (JSON, design as in docs/json.md) and for people (a table)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from raydock.plan.planner import Excluded, Plan, Planned

SCHEMA = 1

Sizes = Mapping[str, int | None]


def document(plan: Plan, planned: Iterable[Planned], download_bytes: Sizes | None = None) -> dict[str, Any]:
    """`plan --json` for the chosen variants and all exclusions. `download_bytes` are by name; null where not known."""
    sizes = download_bytes or {}
    return {
        "schema": SCHEMA,
        "variants": [
            {
                "name": item.name,
                "axes": item.variant.axes,
                "groups": list(item.groups),
                "tags": [item.name],
                "min_driver": item.min_driver,
                "sm": list(item.sm),
                "glibc": item.glibc,
                "download_bytes": sizes.get(item.name),
            }
            for item in planned
        ],
        "excluded": [
            {"axes": item.axes, "reason": item.reason, "evidence": item.evidence, "nearest": item.nearest}
            for item in plan.excluded
        ],
    }


def table(plan: Plan, planned: Iterable[Planned], download_bytes: Sizes | None = None) -> RenderableType:
    """The chosen variants, then why the other points of the matrix cannot exist, for a terminal."""
    return Group(_grid(tuple(planned), download_bytes or {}), Text(), _exclusions(plan))


@dataclass(frozen=True)
class Reason:
    """Exclusions that have one reason: the fact behind it, how many there are, and one of them."""

    rule: str
    reason: str
    evidence: str
    count: int
    example: Excluded


def reasons(excluded: Iterable[Excluded]) -> list[Reason]:
    """Exclusions grouped by their reason, the most frequent first."""
    grouped: dict[tuple[str, str, str], list[Excluded]] = {}
    for item in excluded:
        grouped.setdefault((item.rule, item.reason, item.evidence), []).append(item)
    found = [Reason(*key, len(items), items[0]) for key, items in grouped.items()]
    return sorted(found, key=lambda reason: -reason.count)


def _grid(planned: tuple[Planned, ...], sizes: Sizes) -> Table:
    grid = Table(title=f"{len(planned)} variants", title_justify="left", box=None, pad_edge=False)
    for heading in ("variant", "groups", "driver", "GPU (sm)", "glibc"):
        grid.add_column(heading, no_wrap=heading in {"variant", "driver"})
    if sizes:
        grid.add_column("download", justify="right")
    for item in planned:
        size = sizes.get(item.name)
        cells = [
            item.name,
            " ".join(item.groups),
            f">= {item.min_driver}" if item.min_driver else "-",
            " ".join(map(str, item.sm)) or "-",
            f">= {item.glibc}",
        ]
        grid.add_row(*cells, *([f"{size / 1e6:,.0f} MB" if size is not None else "-"] if sizes else []))
    return grid


def _exclusions(plan: Plan) -> Table:
    title = f"{len(plan.excluded)} points of the matrix cannot be"
    grid = Table(title=title, title_justify="left", box=None, pad_edge=False)
    grid.add_column("points", justify="right")
    for heading in ("why", "fact", "for example", "nearest"):
        grid.add_column(heading, overflow="fold")
    for reason in reasons(plan.excluded):
        example = reason.example
        cells = (str(reason.count), reason.reason, reason.evidence, example.variant.name, example.nearest or "-")
        grid.add_row(*map(Text, cells))
    return grid
