"""A measured figure with the peer's figure and its target, and the file with a bench's results."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from raydock.core.files import write_whole

SCHEMA = 1


class Bound(StrEnum):
    """The kind of bound that a target sets."""

    AT_MOST = "at most {value:g} {unit}"
    OF_PEER = "at most {value:g} x the peer"
    FASTER = "at least {value:g} x faster"


@dataclass(frozen=True)
class Target:
    """A bound on a figure.

    Attributes:
        bound: the kind of bound.
        value: in the figure's unit for AT_MOST, otherwise a ratio.
    """

    bound: Bound
    value: float


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured value with its peer and target.

    Attributes:
        what: what was measured.
        unit: the unit of the values.
        measured: raydock's value.
        peer: the peer's value, or None.
        peer_way: how the peer does it.
        target: the bound on the value, or None.
    """

    what: str
    unit: str
    measured: float
    peer: float | None = None
    peer_way: str = ""
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Measured value divided by the peer's if the target is a share of the peer's; otherwise the inverse."""
        if self.peer is None or not self.measured:
            return None
        if self.target and self.target.bound is Bound.OF_PEER:
            return self.measured / self.peer
        return self.peer / self.measured

    @property
    def met(self) -> bool:
        """Whether the target is met; True if the figure has no target."""
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
        """The cells of its row in a table: measured, peer, ratio, target, whether it is met."""
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
    """The results of one bench.

    Attributes:
        bench: the name of the bench.
        figures: the measured figures.
        machine: the machine on which it ran.
        when: when it ran (ISO 8601, UTC).
        seconds: how long it ran.
        detail: further results.
    """

    bench: str
    figures: Sequence[Figure]
    machine: dict[str, str]
    when: str
    seconds: float
    detail: dict[str, object] = field(default_factory=dict)

    def save(self, folder: Path) -> Path:
        """Write the results to `<bench>.json` in a folder and return its path."""
        path = folder / f"{self.bench}.json"
        figures = [{**asdict(figure), "ratio": figure.ratio, "met": figure.met} for figure in self.figures]
        write_whole(path, json.dumps({"schema": SCHEMA, **asdict(self), "figures": figures}, indent=1) + "\n")
        return path


def load(path: Path) -> Result:
    """Read results that `save` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["schema"]
    return Result(**{**document, "figures": [_figure(entry) for entry in document["figures"]]})


def _figure(entry: dict[str, object]) -> Figure:
    target = entry.pop("target")
    del entry["ratio"], entry["met"]
    bound = Target(Bound(target["bound"]), float(target["value"])) if isinstance(target, dict) else None
    return Figure(**entry, target=bound)  # type: ignore[arg-type]
