"""The variants that an entry of a data file applies to: versions by axis (PEP 440)."""

from typing import Annotated

from packaging.specifiers import SpecifierSet

from raydock.core.models import written
from raydock.model.variant import CPU, NONE, Axis, Variant

When = dict[Axis, Annotated[SpecifierSet, written('it as "<0.11.1" (PEP 440)', "a set of versions")]]


def matches(when: When, variant: Variant) -> bool:
    """Whether a variant's version matches on each axis; `none` and `cpu` never match."""
    return all(_contains(getattr(variant, axis), versions) for axis, versions in when.items())


def _contains(value: str, versions: SpecifierSet) -> bool:
    return value not in {NONE, CPU} and versions.contains(value, prereleases=True)
