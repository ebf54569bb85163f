"""What a card can do at most, kept as data in cards.json, and what was measured beside it."""

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Optional

CARDS = Path(__file__).with_name("cards.json")
# Below this share of its peak something is wrong with a card, its host or its neighbours.
ENOUGH = 0.5


@dataclass(frozen=True)
class GpuPeaks:
    """Peaks: memory bandwidth in GB/s, dense matrix products in TFLOP/s; None where not known, or not made for it."""

    memory: Optional[float]
    bf16: Optional[float]
    tf32: Optional[float]


UNKNOWN = GpuPeaks(None, None, None)


@dataclass(frozen=True)
class Rate:
    """What was measured, in a unit, and the most that the card can; None where that is not known."""

    what: str
    value: float
    unit: str
    peak: Optional[float]

    @property
    def words(self) -> str:
        share = f" ({self.value / self.peak:.0%} of {self.peak:g})" if self.peak else " (peak not known)"
        return f"{self.what} {self.value:.0f} {self.unit}{share}"

    @property
    def is_low(self) -> bool:
        return self.peak is not None and self.value < ENOUGH * self.peak


def card(name: str, path: Path = CARDS) -> GpuPeaks:
    """The peaks of the card of that name; none are known of a MIG slice, which is a part of one."""
    if " MIG " in name:
        return UNKNOWN
    for entry in json.loads(path.read_text(encoding="utf-8"))["cards"]:
        if fnmatchcase(name, entry["name"]):
            return GpuPeaks(entry["memory"], entry["bf16"], entry["tf32"])
    return UNKNOWN
