"""What a CI run has to build: the variants whose fingerprint no registry has, in shards."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from raydock.ci.shards import Load, Shard, shards
from raydock.plan.output import bare_table

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class CiPlan:
    """The shards to build, and the variants that are published as they would be built; `fingerprints` are of all."""

    fingerprints: Mapping[str, str]
    published: tuple[str, ...]
    shards: tuple[Shard, ...]

    def document(self) -> dict[str, Any]:
        """`ci plan --json` (docs/reference/json.md)."""
        return {
            "schema": SCHEMA,
            "published": list(self.published),
            "shards": [
                self.job(shard)
                | {
                    "bytes": shard.bytes,
                    "variants": [{"name": name, "fingerprint": self.fingerprints[name]} for name in shard.names],
                }
                for shard in self.shards
            ],
        }

    def table(self) -> RenderableType:
        """The same for a terminal."""
        grid = bare_table("", "shard", "download", "variants")
        for shard in self.shards:
            grid.add_row(shard.name, f"{shard.bytes / 1e6:,.0f} MB", "\n".join(shard.names))
        there, missing = len(self.published), len(self.fingerprints) - len(self.published)
        words = f"{there} published as they would be built, {missing} not."
        return Group(grid, Text(words)) if self.shards else words

    @staticmethod
    def job(shard: Shard) -> dict[str, str]:
        """A shard as its jobs need it: its name, and RAYDOCK_SELECT for all of it and for what is tested on a GPU."""
        return {"name": shard.name, "select": _select(shard.names), "gpu": _select(shard.gpu_names)}

    def github(self) -> str:
        """The lines of a step's outputs: `shards` for a matrix, and `gpu`, those of them that a GPU is needed for."""
        jobs = [self.job(shard) for shard in self.shards]
        outputs = {"shards": jobs, "gpu": [job for job in jobs if job["gpu"]]}
        return "".join(f"{name}={json.dumps(value, separators=(',', ':'))}\n" for name, value in outputs.items())


def make(fingerprints: Mapping[str, str], published: Mapping[str, str], loads: Sequence[Load], most: int) -> CiPlan:
    """The plan for variants of these fingerprints, where a registry has published some, in at most `most` shards."""
    missing = [load for load in loads if published.get(load.name) != fingerprints[load.name]]
    there = {load.name for load in loads} - {load.name for load in missing}
    return CiPlan(
        fingerprints=fingerprints,
        published=tuple(load.name for load in loads if load.name in there),
        shards=shards(missing, most),
    )


def _select(names: Sequence[str]) -> str:
    return " ".join(f"name={name}" for name in names)
