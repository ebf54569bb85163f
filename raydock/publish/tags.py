"""The tags of a variant's image: one made once, one that moves, and aliases in the grammar of rayproject/ray."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packaging.version import Version

from raydock.model.variant import NONE, Variant

LATEST = "latest"
_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class Alias:
    """A short name for `target`, the newest of `candidates`: all the variants that it could name."""

    name: str
    target: Variant
    candidates: tuple[Variant, ...]


def immutable(name: str, fingerprint: str) -> str:
    """The tag of one build of a variant, which never names anything else."""
    return f"{name}.{fingerprint[:_DIGITS]}"


def aliases(variants: Iterable[Variant]) -> dict[str, Alias]:
    """Every alias of these variants by name: `2.60.0-py311-cu130`, `2.60.0-py311`, `2.60.0` and `latest`.

    As in rayproject/ray: without CUDA an image for CPU is meant, without Python any, and `latest` is the newest final
    Ray. Their images hold Ray alone, so an alias names those of its variants that hold the least: none with vllm where
    one without is there, none with torch likewise, and none with packages of its group's own. Of these it names the
    newest (Variant.order).
    """
    named: dict[str, list[Variant]] = {}
    variants = [item for item in variants if item.arch == "amd64" and not item.flavor]
    for item in variants:
        for name in _names(item):
            named.setdefault(name, []).append(item)
    if rays := {item.ray for item in variants if not item.gpu}:
        newest = max(rays, key=_finals_first)
        named[LATEST] = named[newest]
    return {name: _alias(name, found) for name, found in named.items()}


def _names(variant: Variant) -> Iterator[str]:
    python = f"{variant.ray}-py{variant.python.replace('.', '')}"
    yield f"{python}-{variant.label}"
    if not variant.gpu:
        yield python
        yield variant.ray


def _alias(name: str, variants: list[Variant]) -> Alias:
    least = min(map(_parts, variants))
    candidates = sorted((item for item in variants if _parts(item) == least), key=lambda item: item.order)
    return Alias(name=name, target=candidates[-1], candidates=tuple(candidates))


def _parts(variant: Variant) -> tuple[bool, bool]:
    return variant.vllm != NONE, variant.torch != NONE


def _finals_first(ray: str) -> tuple[bool, Version]:
    version = Version(ray)
    return not version.is_prerelease, version
