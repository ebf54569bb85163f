"""A measured figure beside a peer's and its target, and the file that a bench leaves behind."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from raydock.core.files import write_whole

SCHEMA = 1


class Bound(StrEnum):
    """What a target binds."""

    AT_MOST = "at most {value:g} {unit}"
    OF_PEER = "at most {value:g} x the peer"
    FASTER = "at least {value:g} x faster"


@dataclass(frozen=True)
class Target:
    """A bound on a figure; `value` is in the figure's unit for AT_MOST and a ratio for the others."""

    bound: Bound
    value: float


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value, the peer's (None where there is none to measure) and the target (None: only printed)."""

    what: str
    unit: str
    measured: float
    peer: float | None = None
    peer_way: str = ""
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Measured over the peer's where the target is a share of the peer's, else the peer's over measured."""
        if self.peer is None or not self.measured:
            return None
        if self.target and self.target.bound is Bound.OF_PEER:
            return self.measured / self.peer
        return self.peer / self.measured

    @property
    def met(self) -> bool:
        """Whether the target is met; a figure without one always is."""
        if self.target is None:
            return True
        if self.target.bound is Bound.AT_MOST:
            return self.measured <= self.target.value
        if self.ratio is None:
            return False
        faster = self.target.bound is Bound.FASTER
        return self.ratio >= self.target.value if faster else self.ratio <= self.target.value

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """Its row in a table: measured, peer, ratio, target, whether it is met."""
        target = self.target.bound.format(value=self.target.value, unit=self.unit) if self.target else "-"
        return (
            f"{self.measured:,.{self._digits}f} {self.unit}",
            "-" if self.peer is None else f"{self.peer:,.{self._digits}f} {self.unit} ({self.peer_way})",
            "-" if self.ratio is None else f"{self.ratio:.2f}",
            target,
            "-" if self.target is None else "yes" if self.met else "NO",
        )

    @property
    def _digits(self) -> int:
        return 2 if abs(self.measured) < 100 else 0


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one bench found: its figures, what else is worth keeping (`detail`), the machine, and when (ISO 8601)."""

    bench: str
    figures: Sequence[Figure]
    machine: dict[str, str]
    when: str
    seconds: float
    detail: dict[str, object] = field(default_factory=dict)

    def save(self, folder: Path) -> Path:
        """Writes it to `<bench>.json` in a folder."""
        path = folder / f"{self.bench}.json"
        figures = [{**asdict(item), "ratio": item.ratio, "met": item.met} for item in self.figures]
        write_whole(path, json.dumps({"schema": SCHEMA, **asdict(self), "figures": figures}, indent=1) + "\n")
        return path


def load(path: Path) -> Result:
    """Reads what `save` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["schema"]
    return Result(**{**document, "figures": [_figure(item) for item in document["figures"]]})


def _figure(item: dict[str, object]) -> Figure:
    target = item.pop("target")
    del item["ratio"], item["met"]
    bound = Target(Bound(target["bound"]), float(target["value"])) if isinstance(target, dict) else None
    return Figure(**item, target=bound)  # type: ignore[arg-type]
