"""Distribute variants over CI runners.

Variants that share layers are built together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from raydock.builder.layers import layers
from raydock.model.lock import Lock
from raydock.model.variant import Variant


@dataclass(frozen=True, kw_only=True)
class Load:
    """A variant to build.

    Attributes:
        name: the variant's name.
        gpu: whether it is tested on a GPU.
        family: variants of one family share the large layers: torch with the CUDA that it pins; without torch, all
            layers but those that a group of matrix.yaml adds.
        bytes: the size of its downloads in bytes; 0 if unknown.
    """

    name: str
    gpu: bool
    family: str
    bytes: int

    @classmethod
    def of(cls, variant: Variant, lock: Lock) -> "Load":
        """The load of a variant with this lock."""
        plain = replace(variant, flavor="").name
        family = next((layer.text for layer in layers(lock) if layer.name == "torch"), plain)
        return cls(name=variant.name, gpu=variant.gpu, family=family, bytes=int(lock.header.get("download-bytes", 0)))


@dataclass(frozen=True, kw_only=True)
class Shard:
    """What one runner builds.

    Attributes:
        name: its number, from 1.
        loads: its variants.
        bytes: an estimate of its downloads in bytes: the sum over its families of the largest variant.
    """

    name: str
    loads: tuple[Load, ...]
    bytes: int

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(load.name for load in self.loads)

    @property
    def gpu_names(self) -> tuple[str, ...]:
        """The variants to test on a GPU."""
        return tuple(load.name for load in self.loads if load.gpu)


def shards(loads: Sequence[Load], most: int) -> tuple[Shard, ...]:
    """Distribute variants over at most `most` shards.

    The order of `loads` does not matter.

    Every variant is in one shard, a family is in one shard, and no shard is empty. Families are placed in order of
    size, the largest first, each into the smallest shard: the largest shard then has at most 4/3 of the bytes of the
    optimum (Graham, SIAM Journal on Applied Mathematics 17 (1969), 416-429).
    """
    families: dict[str, list[Load]] = {}
    for load in sorted(loads, key=lambda load: load.name):
        families.setdefault(load.family, []).append(load)
    parts: list[list[list[Load]]] = [[] for _ in range(min(most, len(families)))]
    for family in sorted(families.values(), key=_size, reverse=True):
        min(parts, key=lambda part: (_bytes(part), len(part))).append(family)
    return tuple(
        Shard(name=str(number), loads=tuple(load for family in part for load in family), bytes=_bytes(part))
        for number, part in enumerate(parts, 1)
    )


def _size(family: Sequence[Load]) -> int:
    """The size of a family: its largest variant has nearly all of its layers."""
    return max(load.bytes for load in family)


def _bytes(families: Iterable[Sequence[Load]]) -> int:
    return sum(_size(family) for family in families)
