"""Show what was published, or would be.

Text for people, JSON for programs (docs/reference/json.md).
"""

from collections.abc import Mapping
from typing import Any

from raydock.core.errors import RaydockError
from raydock.plan.output import count
from raydock.publish.result import PublishResult
from raydock.publish.tagging import Move

SCHEMA = 1


def document(outcomes: Mapping[str, PublishResult | RaydockError], *, dry_run: bool) -> dict[str, Any]:
    """The document of `publish --json`: the outcome of each registry."""
    return {
        "schema": SCHEMA,
        "dry_run": dry_run,
        "registries": [
            {"registry": name, "error": str(outcome)} if isinstance(outcome, RaydockError) else _entry(outcome)
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
    return "\n".join([*lines, f"  {_summary(result, dry_run)}"])


def _summary(result: PublishResult, dry_run: bool) -> str:
    moved = f"{count(len(result.moves), 'tag')} {'would move' if dry_run else 'moved'}"
    parts = [moved if result.moves else "nothing to move"]
    attached = "would be attached" if dry_run else "attached"
    parts += [f"reports {attached} to {count(len(result.attached), 'image')}"] if result.attached else []
    parts += [f"{count(len(result.unchanged), 'image')} already published"] if result.unchanged else []
    parts += [f"{count(len(result.errors), 'variant')} not published"] if result.errors else []
    parts += [f"release {result.release}"] if result.release else []
    return f"{', '.join(parts)}."


def _change(move: Move) -> str:
    return f"{_short(move.before) or 'none'} -> {_short(move.after)}"


def _short(digest: str) -> str:
    return digest[:19]


def _entry(result: PublishResult) -> dict[str, Any]:
    return {
        "registry": result.registry,
        "release": result.release or None,
        "moves": [
            {"tag": move.tag, "before": move.before or None, "after": move.after, "variant": move.variant}
            for move in result.moves
        ],
        "attached": list(result.attached),
        "unchanged": list(result.unchanged),
        "unattached": {
            name: {"files": list(unattached.files), "reason": unattached.reason}
            for name, unattached in result.unattached.items()
        },
        "waiting": {alias: list(missing) for alias, missing in result.waiting.items()},
        "errors": {name: str(error) for name, error in result.errors.items()},
    }
