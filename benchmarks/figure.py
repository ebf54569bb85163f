"""A measured figure with the peer's figure and its target, and the file with a bench's results."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

import msgspec

from raydock.core.files import write_whole

SCHEMA = 1
HEADINGS = ("figure", "measured", "peer", "ratio", "second peer", "limit of the machine", "target", "met")


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
class Reference:
    """A value to compare with: another peer's, or the limit that the machine sets.

    Attributes:
        value: the value, in the figure's unit.
        how: how the other peer does it, or how the limit is computed.
    """

    value: float
    how: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured value with its peers and target.

    Attributes:
        what: what was measured.
        unit: the unit of the values.
        measured: raydock's value.
        peer: the value of the peer to beat, or None.
        peer_way: how the peer does it.
        second: a second peer, or None.
        limit: the least that this machine allows, or None.
        target: the bound on the value, or None.
    """

    what: str
    unit: str
    measured: float
    peer: float | None = None
    peer_way: str = ""
    second: Reference | None = None
    limit: Reference | None = None
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
    def cells(self) -> tuple[str, ...]:
        """The cells of its row in a table: those of HEADINGS without the first one."""
        target = self.target.bound.format(value=self.target.value, unit=self.unit) if self.target else "-"
        return (
            self._text(self.measured),
            "-" if self.peer is None else f"{self._text(self.peer)} ({self.peer_way})",
            "-" if self.ratio is None else f"{self.ratio:.2f}",
            f"{self._text(self.second.value)} ({self.second.how})" if self.second else "-",
            f"{self._text(self.limit.value)} ({self.limit.how})" if self.limit else "-",
            target,
            "-" if self.target is None else "yes" if self.met else "NO",
        )

    def _text(self, value: float) -> str:
        return f"{value:,.{2 if abs(self.measured) < 100 else 0}f} {self.unit}"


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
    del entry["ratio"], entry["met"]
    return msgspec.convert(entry, Figure)
