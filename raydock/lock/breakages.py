"""Releases that resolve and then fail, as dated data: data/breakages.yaml."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from raydock.lock.when import When, matches, parse
from raydock.model.variant import Variant
from raydock.model.yamlfile import Entry, read

DATA = Path(__file__).parent / "data" / "breakages.yaml"
_KEYS = ("when", "reason", "source", "since")


@dataclass(frozen=True, kw_only=True)
class Breakage:
    """What holds for a variant whose axes match `when`, at a cut-off from `since` on and before `until`."""

    when: When
    constraints: tuple[str, ...]
    requirements: tuple[str, ...]
    reason: str
    source: str
    since: date
    until: date | None

    def concerns(self, variant: Variant, cutoff: date) -> bool:
        """Whether the constraints and requirements are needed by a lock of this variant with this cut-off."""
        if cutoff < self.since or (self.until is not None and cutoff >= self.until):
            return False
        return matches(self.when, variant)


def load(path: Path = DATA) -> tuple[Breakage, ...]:
    """Reads breakages. Raises ConfigurationError, with file and line, for what is not as the file's head says."""
    return tuple(_breakage(entry) for entry in read(path).list())


@cache
def known() -> tuple[Breakage, ...]:
    """The breakages that raydock ships."""
    return load()


def _breakage(entry: Entry) -> Breakage:
    keys = entry.items((*_KEYS, "constraints", "requirements", "until"), _KEYS)
    return Breakage(
        when=parse(keys["when"]),
        constraints=_lines(keys["constraints"]) if "constraints" in keys else (),
        requirements=_lines(keys["requirements"]) if "requirements" in keys else (),
        reason=keys["reason"].text(),
        source=keys["source"].text(),
        since=_day(keys["since"]),
        until=_day(keys["until"]) if "until" in keys else None,
    )


def _lines(entry: Entry) -> tuple[str, ...]:
    return tuple(_line(item) for item in entry.list())


def _line(entry: Entry) -> str:
    try:
        return str(Requirement(entry.text()))
    except InvalidRequirement:
        entry.refuse(f"{entry.text()!r} is no requirement.", "write it as transformers<5 (PEP 508).")


def _day(entry: Entry) -> date:
    try:
        return date.fromisoformat(entry.text())
    except ValueError:
        entry.refuse(f"{entry.text()!r} is no date.", "write it as 2026-11-15.")
