"""The outcome of publishing to a registry: text for people, JSON for programs (docs/reference/json.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from raydock.core.errors import RaydockError
from raydock.plan.output import count
from raydock.publish.tags import Move

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Unattached:
    """Files that are not attached to an image.

    Attributes:
        files: their names.
        reason: why the registry did not store them.
    """

    files: tuple[str, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class PublishResult:
    """The outcome of publishing to a registry, or of a dry run.

    Attributes:
        registry: the image repository.
        release: the id of the new release; None if there is none.
        moves: the tags that moved, or would move.
        attached: the variants that got attachments.
        unchanged: the variants that were already published.
        unattached: the files that are not attached, by variant.
        waiting: the unpublished variants that keep an alias from moving, by alias.
        errors: why a variant is not published, by variant.
    """

    registry: str
    release: str | None = None
    moves: tuple[Move, ...] = ()
    attached: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    unattached: Mapping[str, Unattached] = field(default_factory=dict)
    waiting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    errors: Mapping[str, RaydockError] = field(default_factory=dict)


def document(outcomes: Mapping[str, PublishResult | RaydockError], *, dry_run: bool) -> dict[str, Any]:
    """The document of `publish --json`: the outcome of each registry."""
    return {
        "schema": SCHEMA,
        "dry_run": dry_run,
        "registries": [
            {"registry": name, "error": str(outcome)}
            if isinstance(outcome, RaydockError)
            else msgspec.to_builtins(outcome, enc_hook=str)  # its errors as texts
            for name, outcome in outcomes.items()
        ],
    }


def format_result(result: PublishResult, *, dry_run: bool) -> str:
    """The outcome of a registry as text.

    A line for each tag that moved, or would move, and a summary line.
    """
    width = max((len(move.tag) for move in result.moves), default=0)
    lines = [result.registry, *(f"  {move.tag:{width}}  {_change(move)}" for move in result.moves)]
    waits: dict[tuple[str, ...], list[str]] = {}
    for alias, missing in result.waiting.items():
        waits.setdefault(missing, []).append(alias)
    lines += [f"  {', '.join(names)}: not moved, unpublished: {', '.join(missing)}" for missing, names in waits.items()]
    lines += [
        f"  {name}: not attached: {', '.join(unattached.files)}: {unattached.reason.rstrip('.')}"
        for name, unattached in result.unattached.items()
    ]
    return "\n".join([*lines, f"  {summary(result, dry_run=dry_run)}"])


def summary(result: PublishResult, *, dry_run: bool = False) -> str:
    """A sentence with the counts of a registry."""
    moved = f"{count(len(result.moves), 'tag')} {'would move' if dry_run else 'moved'}"
    parts = [moved if result.moves else "nothing to move"]
    attached = "would be attached" if dry_run else "attached"
    parts += [f"reports {attached} to {count(len(result.attached), 'image')}"] if result.attached else []
    parts += [f"{count(len(result.unchanged), 'image')} already published"] if result.unchanged else []
    parts += [f"{count(len(result.errors), 'variant')} not published"] if result.errors else []
    parts += [f"release {result.release}"] if result.release else []
    return f"{', '.join(parts)}."


def _change(move: Move) -> str:
    return f"{(move.before or 'none')[:19]} -> {move.after[:19]}"
