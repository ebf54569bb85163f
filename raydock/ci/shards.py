"""Variants dealt out to runners, so that a runner builds what shares layers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from raydock.builder.layers import layers
from raydock.model.lock import Lock
from raydock.model.variant import Variant


@dataclass(frozen=True, kw_only=True)
class Load:
    """A variant to be built, and what it downloads in bytes.

    Variants of one `family` share the layers that weigh: torch, and the CUDA that it pins; without torch, all but what
    a group of matrix.yaml adds.
    """

    name: str
    gpu: bool
    family: str
    bytes: int

    @classmethod
    def of(cls, variant: Variant, lock: Lock) -> "Load":
        """The load of a variant with this lock; no bytes where the lock does not tell."""
        plain = replace(variant, flavor="").name
        family = next((layer.text for layer in layers(lock) if layer.name == "torch"), plain)
        return cls(name=variant.name, gpu=variant.gpu, family=family, bytes=int(lock.header.get("download-bytes", 0)))


@dataclass(frozen=True, kw_only=True)
class Shard:
    """What one runner builds. `bytes` is about what it downloads: of each family, what the biggest variant does."""

    name: str
    loads: tuple[Load, ...]
    bytes: int

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(load.name for load in self.loads)

    @property
    def gpu_names(self) -> tuple[str, ...]:
        """Those that are to be tested on a GPU."""
        return tuple(load.name for load in self.loads if load.gpu)


def shards(loads: Sequence[Load], most: int) -> tuple[Shard, ...]:
    """Deals variants out to at most `most` shards, the same ones whatever the order of `loads`.

    Every variant is in one shard, a family in the same one, and no shard is empty. The heaviest family goes first, each
    to the lightest shard: the heaviest shard then has at most 4/3 of the bytes of the best deal's (Graham, SIAM Journal
    on Applied Mathematics 17 (1969), 416-429).
    """
    families: dict[str, list[Load]] = {}
    for load in sorted(loads, key=lambda load: load.name):
        families.setdefault(load.family, []).append(load)
    dealt: list[list[list[Load]]] = [[] for _ in range(min(most, len(families)))]
    for family in sorted(families.values(), key=_weight, reverse=True):
        min(dealt, key=lambda part: (_bytes(part), len(part))).append(family)
    return tuple(
        Shard(name=str(number), loads=tuple(load for family in part for load in family), bytes=_bytes(part))
        for number, part in enumerate(dealt, 1)
    )


def _weight(family: Sequence[Load]) -> int:
    """Its biggest variant holds nearly all of its layers."""
    return max(load.bytes for load in family)


def _bytes(families: Iterable[Sequence[Load]]) -> int:
    return sum(_weight(family) for family in families)
