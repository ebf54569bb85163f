"""The steps of a run: when each of them ran, and a trace that browsers show."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path
from threading import Lock
from typing import Any

from raydock.core.events import Listener, Span
from raydock.core.files import write_whole

_MICROSECONDS = 1e6


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step that has ended.

    Attributes:
        name: the variant or base.
        title: the step, as a short phrase.
        span: when it ran.
    """

    name: str
    title: str
    span: Span


class Recorder:
    """A listener (raydock/core/events.py) that keeps the steps that have ended, and passes the others on.

    Attributes:
        steps: the steps that have ended, in the order of their ends.
    """

    def __init__(self, listener: Listener) -> None:
        """`listener` gets the progress."""
        self.steps: list[Step] = []
        self._listener = listener
        self._guard = Lock()

    def __call__(
        self, name: str, step: str, *, detail: str = "", size: int = 0, ran: Span | None = None, final: bool = False
    ) -> None:
        if ran:
            with self._guard:
                self.steps.append(Step(name=name, title=step, span=ran))
        self._listener(name, step, detail=detail, size=size, ran=ran, final=final)


def document(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """The steps as JSON (docs/reference/json.md), in the order of their starts, in seconds since the first one's."""
    ordered = sorted(steps, key=lambda step: step.span.began)
    return [
        {
            "name": step.name,
            "step": step.title,
            "began": round(step.span.began - ordered[0].span.began, 3),
            "seconds": round(step.span.seconds, 3),
        }
        for step in ordered
    ]


def slowest(steps: Iterable[Step], count: int = 3) -> list[Step]:
    """The steps that took the longest, the slowest first."""
    return nlargest(count, steps, key=lambda step: step.span.seconds)


def write_trace(path: Path, steps: Sequence[Step]) -> None:
    """Writes the steps as a trace: a row for each variant or base, and more if its steps overlap.

    Source of the form: Trace Event Format, the JSON object format (chrome://tracing and Perfetto read it).
    """
    rows: dict[tuple[str, int], int] = {}
    busy: dict[tuple[str, int], float] = {}
    events = []
    for step in sorted(steps, key=lambda step: step.span.began):
        lane = 0
        while busy.get((step.name, lane), 0.0) > step.span.began:
            lane += 1
        busy[step.name, lane] = step.span.began + step.span.seconds
        row = rows.setdefault((step.name, lane), len(rows) + 1)
        times = {"ts": step.span.began * _MICROSECONDS, "dur": step.span.seconds * _MICROSECONDS}
        events.append({"ph": "X", "pid": 1, "tid": row, "name": step.title, "cat": step.name, **times})
    names = [
        {"ph": "M", "pid": 1, "tid": row, "name": "thread_name", "args": {"name": name}}
        for (name, _), row in rows.items()
    ]
    write_whole(path, json.dumps({"traceEvents": [*names, *events]}))
