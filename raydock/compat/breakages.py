"""Releases that resolve together and then fail, or never resolve, as dated data: data/breakages.yaml."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from packaging.requirements import InvalidRequirement
from packaging.utils import canonicalize_name

from raydock.compat.when import When, matches, parse
from raydock.core.yamlentry import YamlEntry, read
from raydock.model.requirement import requirement
from raydock.model.variant import Variant

DATA = Path(__file__).parent / "data" / "breakages.yaml"
_KEYS = ("rule", "when", "reason", "source", "since", "until")


@dataclass(frozen=True, kw_only=True)
class Breakage:
    """What holds for a variant whose axes match `when`, at a cut-off from `since` on.

    Its lock keeps to `constraints` and asks for `requirements` too; without either no such variant can exist.

    `rule` names it to the user. `until` is the last day on which it may be trusted without being looked at again.
    """

    rule: str
    when: When
    constraints: tuple[str, ...]
    requirements: tuple[str, ...]
    reason: str
    source: str
    since: date
    until: date

    def concerns(self, variant: Variant, cutoff: date) -> bool:
        """Whether it holds for this variant with this cut-off."""
        return cutoff >= self.since and matches(self.when, variant)


def broken(constraints: Iterable[str], versions: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The constraints that packages are against, each with what is there instead, as in `numpy 2.2.6`.

    `versions` are by canonical name.
    """
    for line in constraints:
        constraint = requirement(line)
        version = versions.get(canonicalize_name(constraint.name))
        if version is not None and not constraint.specifier.contains(version, prereleases=True):
            yield line, f"{constraint.name} {version}"


def load(path: Path = DATA) -> tuple[Breakage, ...]:
    """Reads breakages. Raises ConfigurationError, with file and line, for what is not as the file's head says."""
    return tuple(_breakage(entry) for entry in read(path).list())


@cache
def known() -> tuple[Breakage, ...]:
    """The breakages that raydock ships."""
    return load()


def overdue(breakages: tuple[Breakage, ...], today: date) -> list[Breakage]:
    """Those that must be looked at again."""
    return [item for item in breakages if today > item.until]


def _breakage(entry: YamlEntry) -> Breakage:
    keys = entry.items((*_KEYS, "constraints", "requirements"), _KEYS)
    return Breakage(
        rule=_name(keys["rule"]),
        when=parse(keys["when"]),
        constraints=_lines(keys["constraints"]) if "constraints" in keys else (),
        requirements=_lines(keys["requirements"]) if "requirements" in keys else (),
        reason=keys["reason"].text(),
        source=keys["source"].text(),
        since=keys["since"].day(),
        until=keys["until"].day(),
    )


def _name(entry: YamlEntry) -> str:
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", entry.text()):
        entry.refuse(f"{entry.text()!r} is not a name of a rule.", "write it as transformers-era.")
    return entry.text()


def _lines(entry: YamlEntry) -> tuple[str, ...]:
    return tuple(_line(item) for item in entry.list())


def _line(entry: YamlEntry) -> str:
    try:
        return str(requirement(entry.text()))
    except InvalidRequirement:
        entry.refuse(f"{entry.text()!r} is not a requirement.", "write it as transformers<5 (PEP 508).")
