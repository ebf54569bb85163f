"""Which variants a piece of data is about: the versions that axes must have (PEP 440)."""

from typing import Annotated

from packaging.specifiers import SpecifierSet

from raydock.core.models import written
from raydock.model.variant import CPU, NONE, Axis, Variant

When = dict[Axis, Annotated[SpecifierSet, written('it as "<0.11.1" (PEP 440)', "a set of versions")]]


def matches(when: When, variant: Variant) -> bool:
    """Whether a variant's version is among those on every axis named; `none` and `cpu` are no version."""
    return all(_among(getattr(variant, axis), versions) for axis, versions in when.items())


def _among(value: str, versions: SpecifierSet) -> bool:
    return value not in {NONE, CPU} and versions.contains(value, prereleases=True)
