"""Plan a CI run: the variants whose fingerprint is not published, in shards.

Variants that share layers are built together.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from raydock.builder.layers import layers
from raydock.core.texttable import fit
from raydock.model.lock import Lock
from raydock.model.variant import Variant

SCHEMA = 1


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

    @property
    def job(self) -> dict[str, str]:
        """The input of its jobs.

        That is its name, RAYDOCK_SELECT of all variants, and RAYDOCK_SELECT of those to test on a GPU.
        """
        return {"name": self.name, "select": _select(self.names), "gpu": _select(self.gpu_names)}


@dataclass(frozen=True, kw_only=True)
class CiPlan:
    """What a CI run builds.

    Attributes:
        fingerprints: the fingerprint of every selected variant, by name.
        published: the variants that are published with their current fingerprint.
        shards: the other variants, in shards.
    """

    fingerprints: Mapping[str, str]
    published: tuple[str, ...]
    shards: tuple[Shard, ...]

    def document(self) -> dict[str, Any]:
        """The document of `ci plan --json` (docs/reference/json.md)."""
        return {
            "schema": SCHEMA,
            "published": list(self.published),
            "shards": [
                shard.job
                | {
                    "bytes": shard.bytes,
                    "variants": [{"name": name, "fingerprint": self.fingerprints[name]} for name in shard.names],
                }
                for shard in self.shards
            ],
        }

    def text(self) -> str:
        """The plan as lines for a terminal: a shard's first variant is on the line of the shard."""
        rows = []
        for shard in self.shards:
            starts = [(shard.name, f"{shard.bytes / 1e6:,.0f} MB"), *[("", "")] * (len(shard.names) - 1)]
            rows += [
                {"shard": name, "download": size, "variants": variant}
                for (name, size), variant in zip(starts, shard.names, strict=True)
            ]
        published, missing = len(self.published), len(self.fingerprints) - len(self.published)
        summary = f"{published} published with the current fingerprint, {missing} to build."
        return "\n".join([*(fit(rows, (), None) if rows else ()), summary])

    def github(self) -> str:
        """The outputs of a step for GitHub.

        `shards` is for a matrix of all shards, `gpu` for one of the shards that need a GPU.
        """
        jobs = [shard.job for shard in self.shards]
        outputs = {"shards": jobs, "gpu": [job for job in jobs if job["gpu"]]}
        return "".join(f"{name}={json.dumps(value, separators=(',', ':'))}\n" for name, value in outputs.items())


def plan_shards(
    fingerprints: Mapping[str, str], published: Mapping[str, str], loads: Sequence[Load], most: int
) -> CiPlan:
    """Plan the unpublished variants, in at most `most` shards.

    fingerprints: the current fingerprint of each variant.
    published: the fingerprint of each variant in a registry's release.
    """
    missing = [load for load in loads if published.get(load.name) != fingerprints[load.name]]
    to_build = {load.name for load in missing}
    return CiPlan(
        fingerprints=fingerprints,
        published=tuple(load.name for load in loads if load.name not in to_build),
        shards=shards(missing, most),
    )


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


def _select(names: Sequence[str]) -> str:
    return " ".join(f"name={name}" for name in names)
