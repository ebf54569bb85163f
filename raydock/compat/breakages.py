"""Releases that resolve together and then fail, or never resolve, as dated data: data/breakages.yaml."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from packaging.utils import canonicalize_name

from raydock.compat.when import When, matches
from raydock.core.models import Entry, written
from raydock.core.yamlfile import read
from raydock.model.requirement import RequirementLine, requirement
from raydock.model.variant import Variant

DATA = Path(__file__).parent / "data" / "breakages.yaml"
_RuleName = Annotated[str, written("it as transformers-era", "a name of a rule", form="[a-z]+(-[a-z]+)*")]
_Lines = tuple[Annotated[RequirementLine, written("it as transformers<5 (PEP 508)", "a requirement")], ...]


class Breakage(Entry, frozen=True, kw_only=True):
    """What holds for a variant whose axes match `when`, at a cut-off from `since` on.

    Its lock keeps to `constraints` and asks for `requirements` too; without either no such variant can exist.

    `rule` names it to the user. `until` is the last day on which it may be trusted without being looked at again.
    """

    rule: _RuleName
    when: When
    constraints: _Lines = ()
    requirements: _Lines = ()
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
    return read(path).convert(tuple[Breakage, ...])


@cache
def known() -> tuple[Breakage, ...]:
    """The breakages that raydock ships."""
    return load()


def overdue(breakages: tuple[Breakage, ...], today: date) -> list[Breakage]:
    """Those that must be looked at again."""
    return [item for item in breakages if today > item.until]
