"""Which variants a piece of data is about: the versions that axes must have (PEP 440)."""

from collections.abc import Mapping

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from raydock.core.yamlentry import YamlEntry
from raydock.model.variant import CPU, NONE, Axis, Variant

When = Mapping[str, SpecifierSet]


def parse(entry: YamlEntry) -> When:
    """Reads `{axis: versions, ...}`. Raises ConfigurationError, with file and line, for anything else."""
    return {axis: _versions(item) for axis, item in entry.items(tuple(Axis)).items()}


def matches(when: When, variant: Variant) -> bool:
    """Whether a variant's version is among those on every axis named; `none` and `cpu` are no version."""
    return all(_among(getattr(variant, axis), versions) for axis, versions in when.items())


def _among(value: str, versions: SpecifierSet) -> bool:
    return value not in {NONE, CPU} and versions.contains(value, prereleases=True)


def _versions(entry: YamlEntry) -> SpecifierSet:
    try:
        return SpecifierSet(entry.text())
    except InvalidSpecifier:
        entry.refuse(f"{entry.text()!r} is not a set of versions.", 'write it as "<0.11.1" (PEP 440).')
