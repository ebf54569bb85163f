"""A plan, and the explanation of a point, for programs (JSON, docs/reference/json.md) and for people (tables)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from raydock.compat import toolchain
from raydock.compat.runs import gpus_in_json, gpus_in_words
from raydock.core.program import localize
from raydock.plan.explain import Explanation, Near
from raydock.plan.planner import Excluded, Plan, Planned
from raydock.plan.rules import ABSENT

SCHEMA = 1

Sizes = Mapping[str, int | None]

# What no fact tells: the facts hold what ray, torch and vllm require, and not what that requires in turn.
NOT_JUDGED = localize("whether all that is required in turn has wheels is unknown until `./build.py lock` resolves it")


def document(
    plan: Plan,
    planned: Iterable[Planned],
    download_bytes: Sizes | None = None,
    no_cutoff: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """`plan --json` for the chosen variants and all exclusions.

    `download_bytes` (null if unknown) and `no_cutoff` (the indexes for which a lock has no cut-off day) are by name.
    """
    sizes = download_bytes or {}
    return {
        "schema": SCHEMA,
        "variants": [
            {
                "name": item.name,
                "axes": item.variant.axes,
                "groups": list(item.groups),
                "ray_extras": list(plan.matrix.packages_of(item.variant).ray_extras),
                "packages": list(plan.matrix.packages_of(item.variant).added),
                "kuberay": item.kuberay,
                "tags": [item.name],
                "min_driver": item.min_driver,
                "sm": gpus_in_json(item.variant, item.sm),
                "glibc": item.glibc,
                "nvcc": toolchain.compiler_of(item.variant),
                "prebuilt_kernels": toolchain.has_prebuilt_kernels(item.variant),
                "download_bytes": sizes.get(item.name),
                "no_cutoff": (no_cutoff or {}).get(item.name, ""),
            }
            for item in planned
        ],
        "excluded": [
            {
                "name": item.variant.name,
                "axes": item.axes,
                "reason": item.reason,
                "evidence": item.evidence,
                "nearest": item.nearest,
            }
            for item in plan.excluded
        ],
    }


def table(plan: Plan, planned: Iterable[Planned], download_bytes: Sizes | None = None) -> RenderableType:
    """The chosen variants, then why the other points of the matrix cannot exist, for a terminal."""
    sizes = download_bytes or {}
    unlocked = sum(size is None for size in sizes.values())
    note = [Text(f"\n{count(unlocked, 'variant')} without a lock: {NOT_JUDGED}")] if unlocked else []
    return Group(_grid(tuple(planned), sizes), *note, Text(), _exclusions(plan))


@dataclass(frozen=True)
class ExclusionReason:
    """Exclusions that have one reason: the fact behind it, how many there are, and one of them."""

    rule: str
    reason: str
    evidence: str
    count: int
    example: Excluded


def reasons(excluded: Iterable[Excluded]) -> list[ExclusionReason]:
    """Exclusions grouped by their reason, the most frequent first."""
    grouped: dict[tuple[str, str, str], list[Excluded]] = {}
    for item in excluded:
        grouped.setdefault((item.rule, item.reason, item.evidence), []).append(item)
    found = [ExclusionReason(*key, len(items), items[0]) for key, items in grouped.items()]
    return sorted(found, key=lambda reason: -reason.count)


def explanation_document(found: Explanation) -> dict[str, Any]:
    """`plan --explain --json`."""
    return {
        "schema": SCHEMA,
        "name": found.variant.name,
        "axes": found.variant.axes,
        "valid": found.valid,
        "in_matrix": found.in_matrix,
        "verdicts": [
            {"rule": item.rule, "ok": item.ok, "reason": item.reason, "evidence": item.evidence}
            for item in found.verdicts
        ],
        "nearest": [
            {
                "name": near.variant.name,
                "axes": near.variant.axes,
                "moved": [axis.value for axis in near.moved],
                "in_matrix": near.in_matrix,
            }
            for near in found.nearest
        ],
    }


def explanation(found: Explanation) -> RenderableType:
    """Every rule's verdict on a point, and the nearest points that can exist, for a terminal."""
    words = "can exist" if found.valid else "cannot exist"
    place = "" if found.in_matrix else "; matrix.yaml does not name it"
    rules = bare_table(f"{found.variant.name} {words}{place}", "rule", "verdict", "why", "fact")
    for item in found.verdicts:
        verdict = "NO" if not item.ok else "-" if item.reason == ABSENT.reason else "ok"
        rules.add_row(*map(Text, (item.rule, verdict, item.reason, item.evidence)))
    near = bare_table("the nearest that can exist", "variant", "what differs", "in matrix.yaml")
    for other in found.nearest:
        near.add_row(other.variant.name, _difference(found, other), "yes" if other.in_matrix else "no")
    note = [Text(f"\nnot judged: {NOT_JUDGED}")] if found.valid else []
    return Group(rules, *note, Text(), near if found.nearest else Text("no variant can exist"))


def _difference(found: Explanation, near: Near) -> str:
    return ", ".join(f"{axis} {getattr(found.variant, axis)} -> {getattr(near.variant, axis)}" for axis in near.moved)


def bare_table(title: str, *headings: str) -> Table:
    """A table without lines, in which long cells fold."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading in {"rule", "verdict", "variant", "driver"})
    return table


def _grid(planned: tuple[Planned, ...], sizes: Sizes) -> Table:
    grid = bare_table(count(len(planned), "variant"), "variant", "groups", "driver", "GPU (sm)", "nvcc", "glibc")
    if sizes:
        grid.add_column("download", justify="right")
    for item in planned:
        size = sizes.get(item.name)
        cells = [
            item.name,
            " ".join(item.groups),
            f">= {item.min_driver}" if item.min_driver else "-",
            gpus_in_words(item.variant, item.sm),
            toolchain.words(item.variant),
            f">= {item.glibc}",
        ]
        grid.add_row(*cells, *([f"{size / 1e6:,.0f} MB" if size is not None else "-"] if sizes else []))
    return grid


def count(number: int, what: str) -> str:
    """So many of something: 1 variant, 2 variants."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _exclusions(plan: Plan) -> Table:
    title = f"{count(len(plan.excluded), 'point')} of the matrix cannot be"
    grid = bare_table(title, "points", "why", "fact", "for example", "nearest")
    grid.columns[0].justify = "right"
    for reason in reasons(plan.excluded):
        example = reason.example
        cells = (str(reason.count), reason.reason, reason.evidence, example.variant.name, example.nearest or "-")
        grid.add_row(*map(Text, cells))
    return grid
