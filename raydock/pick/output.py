"""A pick as JSON (form in docs/reference/json.md) and as text."""

from collections.abc import Iterable, Mapping
from typing import Any

from raydock.pick.pick import Pick

SCHEMA = 1


def document(picks: Mapping[str, Pick], together: Pick | None) -> dict[str, Any]:
    """Return the document of `pick --json`.

    It has the pick of one host, or each host's pick and the pick for all hosts.
    """
    if together is None:
        (pick,) = picks.values()
        return {"schema": SCHEMA, **_entry(pick)}
    hosts = [{"host": name, **_entry(pick)} for name, pick in picks.items()]
    return {"schema": SCHEMA, "hosts": hosts, "all": _entry(together)}


def text(pick: Pick) -> str:
    """Return a pick as lines of text, with the rejected variants by reason."""
    candidate = pick.candidate
    lines = [pick.host]
    if candidate:
        not_built = f"not built: `./build.py images {candidate.name}`"
        lines += [f"  {pick.image}", f"  {pick.digest or not_built}"]
    lines += _block("because", pick.why)
    reasons: dict[str, list[str]] = {}
    for name, reason in pick.rejected.items():
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        lines += _block(f"newer, but {reason}" if candidate else f"rejected, since {reason}", names)
    return "\n".join(lines + _block("notes", pick.hints))


def _entry(pick: Pick) -> dict[str, Any]:
    candidate = pick.candidate
    entry = {
        "tag": candidate.name if candidate else None,
        "image": pick.image,
        "digest": pick.digest,
        "where": candidate.state if candidate else None,
        "why": list(pick.why),
        "rejected": [{"name": name, "reason": reason} for name, reason in pick.rejected.items()],
        "hints": list(pick.hints),
    }
    return entry | ({"error": str(pick.error)} if pick.error else {})


def _block(heading: str, lines: Iterable[str]) -> list[str]:
    indented = [f"    {line}" for line in lines]
    return [f"  {heading}:", *indented] if indented else []
