"""Known breakages: releases that resolve together but fail, or never resolve (data/breakages.yaml)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated

from packaging.utils import canonicalize_name

from raydock.compat.when import When, matches
from raydock.core.models import Entry, written
from raydock.core.yamlfile import shipped
from raydock.model.requirement import RequirementLine, requirement
from raydock.model.variant import Variant

_RuleName = Annotated[str, written("it as transformers-era", "a name of a rule", form="[a-z]+(-[a-z]+)*")]
_Lines = tuple[Annotated[RequirementLine, written("it as transformers<5 (PEP 508)", "a requirement")], ...]


class Breakage(Entry, frozen=True, kw_only=True):
    """A known breakage. Without constraints and requirements, none of its variants can exist.

    Attributes:
        rule: its name in messages.
        when: the variants that it applies to.
        constraints: bounds that their locks satisfy, as PEP 508 lines.
        requirements: packages that their locks require in addition, as PEP 508 lines.
        reason: what fails.
        source: where this is documented.
        since: it applies to locks with a cut-off day from this day on.
        until: the last day before it must be reviewed.
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
        """Whether it applies to this variant with this cut-off day."""
        return cutoff >= self.since and matches(self.when, variant)


def broken(constraints: Iterable[str], versions: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The constraints that packages violate, each with the package, such as `numpy 2.2.6`.

    versions: the version of each package by canonical name.
    """
    for line in constraints:
        constraint = requirement(line)
        version = versions.get(canonicalize_name(constraint.name))
        if version is not None and not constraint.specifier.contains(version, prereleases=True):
            yield line, f"{constraint.name} {version}"


def known() -> tuple[Breakage, ...]:
    """The breakages that raydock ships."""
    return shipped("compat/data/breakages.yaml", tuple[Breakage, ...])
