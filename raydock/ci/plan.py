"""Plan a CI run: the variants whose fingerprint is not published, in shards."""

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
                self.job(shard)
                | {
                    "bytes": shard.bytes,
                    "variants": [{"name": name, "fingerprint": self.fingerprints[name]} for name in shard.names],
                }
                for shard in self.shards
            ],
        }

    def table(self) -> RenderableType:
        """The plan as a table for a terminal."""
        grid = bare_table("", "shard", "download", "variants")
        for shard in self.shards:
            grid.add_row(shard.name, f"{shard.bytes / 1e6:,.0f} MB", "\n".join(shard.names))
        published, missing = len(self.published), len(self.fingerprints) - len(self.published)
        summary = f"{published} published with the current fingerprint, {missing} to build."
        return Group(grid, Text(summary)) if self.shards else summary

    @staticmethod
    def job(shard: Shard) -> dict[str, str]:
        """A shard as input of its jobs.

        That is its name, RAYDOCK_SELECT of all variants, and RAYDOCK_SELECT of those to test on a GPU.
        """
        return {"name": shard.name, "select": _select(shard.names), "gpu": _select(shard.gpu_names)}

    def github(self) -> str:
        """The outputs of a step for GitHub.

        `shards` is for a matrix of all shards, `gpu` for one of the shards that need a GPU.
        """
        jobs = [self.job(shard) for shard in self.shards]
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


def _select(names: Sequence[str]) -> str:
    return " ".join(f"name={name}" for name in names)
