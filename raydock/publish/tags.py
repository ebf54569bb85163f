"""The tags of a variant's image.

There is an immutable one, a movable one, and aliases in the grammar of rayproject/ray.
"""

from collections.abc import Iterable, Iterator

from packaging.version import Version

from raydock.model.variant import NONE, Variant

LATEST = "latest"
_DIGITS = 12


def immutable_tag(name: str, fingerprint: str) -> str:
    """The tag of one build of a variant. It never names a different image."""
    return f"{name}.{fingerprint[:_DIGITS]}"


def aliases(variants: Iterable[Variant]) -> dict[str, tuple[Variant, ...]]:
    """Every variant that an alias could name, by alias, oldest first. An alias names the last one.

    Examples: `2.60.0-py311-cu130`, `2.60.0-py311`, `2.60.0` and `latest`.

    As in rayproject/ray, an alias without CUDA names a CPU image, one without Python any Python, and `latest` the
    newest final Ray. The images of rayproject/ray contain only Ray, so an alias names the smallest variants: without
    vllm if one exists, without torch if one exists, and never with a group's additional packages. Of these it names
    the newest (Variant.order).
    """
    named: dict[str, list[Variant]] = {}
    variants = [variant for variant in variants if variant.arch == "amd64" and not variant.flavor]
    for variant in variants:
        for name in _names(variant):
            named.setdefault(name, []).append(variant)
    if rays := {variant.ray for variant in variants if not variant.gpu}:
        newest = max(rays, key=_finals_first)
        named[LATEST] = named[newest]
    return {name: _smallest(candidates) for name, candidates in named.items()}


def _names(variant: Variant) -> Iterator[str]:
    python = f"{variant.ray}-py{variant.python.replace('.', '')}"
    yield f"{python}-{variant.label}"
    if not variant.gpu:
        yield python
        yield variant.ray


def _smallest(variants: list[Variant]) -> tuple[Variant, ...]:
    least = min(map(_parts, variants))
    smallest = (variant for variant in variants if _parts(variant) == least)
    return tuple(sorted(smallest, key=lambda variant: variant.order))


def _parts(variant: Variant) -> tuple[bool, bool]:
    return variant.vllm != NONE, variant.torch != NONE


def _finals_first(ray: str) -> tuple[bool, Version]:
    version = Version(ray)
    return not version.is_prerelease, version
