"""The peak rates of GPUs, which are in cards.json, and measured rates."""

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Optional

CARDS = Path(__file__).with_name("cards.json")
# If a rate is below this share of the peak, the card, its host or a different process is at fault.
ENOUGH = 0.5


@dataclass(frozen=True)
class GpuPeaks:
    """The peak rates of a GPU; None if a rate is unknown or not applicable.

    Attributes:
        memory: memory bandwidth in GB/s.
        bf16: dense matrix products in bf16, in TFLOP/s.
        tf32: dense matrix products in tf32, in TFLOP/s.
    """

    memory: Optional[float]
    bf16: Optional[float]
    tf32: Optional[float]


UNKNOWN = GpuPeaks(None, None, None)


@dataclass(frozen=True)
class Rate:
    """A measured rate.

    Attributes:
        what: what was measured: copy, bf16 or tf32.
        value: the rate, in `unit`.
        unit: GB/s or TFLOP/s.
        peak: the GPU's peak rate in `unit`; None if it is unknown.
    """

    what: str
    value: float
    unit: str
    peak: Optional[float]

    @property
    def text(self) -> str:
        """The rate and its share of the peak, as text."""
        share = f" ({self.value / self.peak:.0%} of {self.peak:g})" if self.peak else " (peak not known)"
        return f"{self.what} {self.value:.0f} {self.unit}{share}"

    @property
    def is_low(self) -> bool:
        """Whether the rate is below ENOUGH of the peak."""
        return self.peak is not None and self.value < ENOUGH * self.peak


def card(name: str, path: Path = CARDS) -> GpuPeaks:
    """The peaks of the GPU with this name; UNKNOWN for a MIG slice."""
    if " MIG " in name:
        return UNKNOWN
    for entry in json.loads(path.read_text(encoding="utf-8"))["cards"]:
        if fnmatchcase(name, entry["name"]):
            return GpuPeaks(entry["memory"], entry["bf16"], entry["tf32"])
    return UNKNOWN
