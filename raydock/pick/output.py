"""A pick for programs (JSON, form in docs/reference/json.md) and for people."""

from collections.abc import Iterable, Mapping
from typing import Any

from raydock.pick.pick import Pick

SCHEMA = 1


def document(answers: Mapping[str, Pick], together: Pick | None) -> dict[str, Any]:
    """`pick --json`: of one host the answer itself; of several, each one's and the one for all of them."""
    if together is None:
        (answer,) = answers.values()
        return {"schema": SCHEMA, **_entry(answer)}
    hosts = [{"host": name, **_entry(answer)} for name, answer in answers.items()]
    return {"schema": SCHEMA, "hosts": hosts, "all": _entry(together)}


def words(answer: Pick) -> str:
    """An answer in lines; where nothing runs, the variants by the reason against them."""
    found = answer.candidate
    lines = [answer.host]
    if found:
        lines.append(f"  {answer.image}")
        lines.append(f"  {answer.digest}" if answer.digest else f"  not built: {_command(found.name)}")
    lines += _block("because", answer.why)
    reasons: dict[str, list[str]] = {}
    for item in answer.rejected:
        reasons.setdefault(item.reason, []).append(item.name)
    for reason, names in reasons.items():
        lines += _block(f"newer, but {reason}" if found else f"rejected, since {reason}", names)
    return "\n".join(lines + _block("worth knowing", answer.hints))


def _entry(answer: Pick) -> dict[str, Any]:
    found = answer.candidate
    entry = {
        "tag": found.name if found else None,
        "image": answer.image,
        "digest": answer.digest,
        "where": found.state if found else None,
        "why": list(answer.why),
        "rejected": [{"name": item.name, "reason": item.reason} for item in answer.rejected],
        "hints": list(answer.hints),
    }
    return entry | ({"error": str(answer.error)} if answer.error else {})


def _block(heading: str, lines: Iterable[str]) -> list[str]:
    indented = [f"    {line}" for line in lines]
    return [f"  {heading}:", *indented] if indented else []


def _command(name: str) -> str:
    return f"`./build.py images --select 'name={name}'`"
