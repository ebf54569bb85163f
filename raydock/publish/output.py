"""What was published, or would be, for people and for programs (docs/reference/json.md)."""

from collections.abc import Mapping
from typing import Any

from raydock.core.errors import RaydockError
from raydock.plan.output import count
from raydock.publish.publisher import Result
from raydock.publish.tagging import Move

SCHEMA = 1


def document(outcomes: Mapping[str, Result | RaydockError], *, pretended: bool) -> dict[str, Any]:
    """`publish --json`, of what became of each registry."""
    return {
        "schema": SCHEMA,
        "dry_run": pretended,
        "registries": [
            {"registry": name, "error": str(item)} if isinstance(item, RaydockError) else _entry(item)
            for name, item in outcomes.items()
        ],
    }


def words(result: Result, *, pretended: bool) -> str:
    """A registry in lines: each tag that moved, or would, and one line on the whole."""
    width = max((len(item.tag) for item in result.moves), default=0)
    lines = [result.registry, *(f"  {item.tag:{width}}  {_way(item)}" for item in result.moves)]
    waits: dict[tuple[str, ...], list[str]] = {}
    for alias, missing in result.waiting.items():
        waits.setdefault(missing, []).append(alias)
    lines += [f"  {', '.join(names)}: not moved, since unpublished: {', '.join(gone)}" for gone, names in waits.items()]
    lines += [
        f"  {name}: not attached: {', '.join(item.files)}: {item.reason.rstrip('.')}"
        for name, item in result.unattached.items()
    ]
    return "\n".join([*lines, f"  {_sentence(result, pretended)}"])


def _sentence(result: Result, pretended: bool) -> str:
    moved = f"{count(len(result.moves), 'tag')} {'would move' if pretended else 'moved'}"
    parts = [moved if result.moves else "nothing to move"]
    would = "would be attached" if pretended else "attached"
    parts += [f"reports {would} to {count(len(result.attached), 'image')}"] if result.attached else []
    parts += [f"{count(len(result.unchanged), 'image')} published before"] if result.unchanged else []
    parts += [f"{count(len(result.errors), 'variant')} not published"] if result.errors else []
    parts += [f"release {result.release}"] if result.release else []
    return f"{', '.join(parts)}."


def _way(move: Move) -> str:
    return f"{_short(move.before) or 'none'} -> {_short(move.after)}"


def _short(digest: str) -> str:
    return digest[:19]


def _entry(result: Result) -> dict[str, Any]:
    return {
        "registry": result.registry,
        "release": result.release or None,
        "moves": [
            {"tag": item.tag, "before": item.before or None, "after": item.after, "variant": item.variant}
            for item in result.moves
        ],
        "attached": list(result.attached),
        "unchanged": list(result.unchanged),
        "unattached": {
            name: {"files": list(item.files), "reason": item.reason} for name, item in result.unattached.items()
        },
        "waiting": {alias: list(missing) for alias, missing in result.waiting.items()},
        "errors": {name: str(error) for name, error in result.errors.items()},
    }
