"""Releases that resolve together and then fail, as dated data: data/breakages.yaml."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from raydock.model.variant import CPU, NONE, Axis, Variant
from raydock.model.yamlfile import Entry, read

DATA = Path(__file__).parent / "data" / "breakages.yaml"
_KEYS = ("when", "constraints", "reason", "source", "since")


@dataclass(frozen=True, kw_only=True)
class Breakage:
    """What holds for a variant whose axes match `when`, at a cut-off from `since` on and before `until`."""

    when: dict[str, SpecifierSet]
    constraints: tuple[str, ...]
    reason: str
    source: str
    since: date
    until: date | None

    def concerns(self, variant: Variant, cutoff: date) -> bool:
        """Whether the constraints are needed by a lock of this variant with this cut-off."""
        if cutoff < self.since or (self.until is not None and cutoff >= self.until):
            return False
        return all(_matches(getattr(variant, axis), versions) for axis, versions in self.when.items())


def load(path: Path = DATA) -> tuple[Breakage, ...]:
    """Reads breakages. Raises ConfigurationError, with file and line, for what is not as the file's head says."""
    return tuple(_breakage(entry) for entry in read(path).list())


@cache
def known() -> tuple[Breakage, ...]:
    """The breakages that raydock ships."""
    return load()


def _matches(value: str, versions: SpecifierSet) -> bool:
    return value not in {NONE, CPU} and versions.contains(value, prereleases=True)


def _breakage(entry: Entry) -> Breakage:
    keys = entry.items((*_KEYS, "until"), _KEYS)
    return Breakage(
        when={axis: _versions(item) for axis, item in keys["when"].items(tuple(Axis)).items()},
        constraints=tuple(_constraint(item) for item in keys["constraints"].list()),
        reason=keys["reason"].text(),
        source=keys["source"].text(),
        since=_day(keys["since"]),
        until=_day(keys["until"]) if "until" in keys else None,
    )


def _versions(entry: Entry) -> SpecifierSet:
    try:
        return SpecifierSet(entry.text())
    except InvalidSpecifier:
        entry.refuse(f"{entry.text()!r} is no set of versions.", 'write it as "<0.11.1" (PEP 440).')


def _constraint(entry: Entry) -> str:
    try:
        return str(Requirement(entry.text()))
    except InvalidRequirement:
        entry.refuse(f"{entry.text()!r} is no constraint.", "write it as transformers<5 (PEP 508).")


def _day(entry: Entry) -> date:
    try:
        return date.fromisoformat(entry.text())
    except ValueError:
        entry.refuse(f"{entry.text()!r} is no date.", "write it as 2026-11-15.")
