"""The progress display: live lines on a terminal, plain lines elsewhere."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.filesize import decimal
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from raydock.core.events import WAITING, Span


@dataclass(frozen=True)
class _Line:
    """What is known of a variant or base.

    Attributes:
        step: its current step.
        detail: the newest line of the step's output.
        size: the bytes that the step has transferred.
        began: when the work on it began, by time.monotonic().
    """

    step: str
    detail: str
    size: int
    began: float

    @property
    def waits(self) -> bool:
        return self.step == WAITING


@dataclass
class Tally:
    """Counts the variants of a run, and estimates the time that is left.

    Attributes:
        lines: the variants and bases that wait or are worked on.
        done: the names of those that have ended.
    """

    lines: dict[str, _Line] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    _seconds: list[float] = field(default_factory=list)

    def update(self, name: str, step: str, detail: str, size: int) -> None:
        """Notes the current step of a name. One that has ended begins again, for example with its tests."""
        before = self.lines.get(name)
        if name in self.done:
            self.done.discard(name)
            self._seconds.clear()  # of different work
        now = time.monotonic()
        began = now if before is None or before.waits else before.began
        self.lines[name] = _Line(step, detail, size, began)

    def end(self, name: str) -> None:
        """Notes that the work on a name has ended."""
        if (line := self.lines.pop(name, None)) and not line.waits:
            self._seconds.append(time.monotonic() - line.began)
        self.done.add(name)

    @property
    def text(self) -> str:
        """Such as `3 of 10 done, 5 waiting, about 4 min left`; empty if nothing waits and nothing has ended."""
        waiting = sum(line.waits for line in self.lines.values())
        if not self.done and not waiting:
            return ""
        parts = [f"{len(self.done)} of {len(self.done) + len(self.lines)} done"]
        parts += [f"{waiting} waiting"] if waiting else []
        parts += [f"about {duration(left)} left"] if (left := self._left(waiting)) else []
        return ", ".join(parts)

    def _left(self, waiting: int) -> float:
        """The seconds that are left, if the others take as long as those that have ended did; 0 if that is unknown."""
        now, running = time.monotonic(), [line.began for line in self.lines.values() if not line.waits]
        if not self._seconds or not running:
            return 0
        mean = sum(self._seconds) / len(self._seconds)
        rest = sum(max(mean - (now - began), 0) for began in running)
        return (mean * waiting + rest) / len(running)


def duration(seconds: float) -> str:
    """A time for people: `40 s`, or `4 min` from two minutes on."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


class Progress:
    """A listener (raydock/core/events.py) that shows events on a console.

    Use it in a `with` statement. In a job of GitHub Actions, the lines of each variant are a group that can be folded.
    """

    def __init__(
        self,
        console: Console,
        *,
        quiet: bool = False,
        verbose: bool = False,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._console, self._quiet, self._verbose = console, quiet, verbose
        self._tally = Tally()
        self._printed: set[tuple[str, str]] = set()
        # By name, the lines of a group that has not ended; None without groups.
        self._groups: dict[str, list[str]] | None = {} if environment.get("GITHUB_ACTIONS") == "true" else None
        self._guard = Lock()
        terminal = console.is_terminal and not quiet
        self._live = Live(get_renderable=self._view, console=console, transient=True) if terminal else None

    def __call__(
        self, name: str, step: str, *, detail: str = "", size: int = 0, ran: Span | None = None, final: bool = False
    ) -> None:
        with self._guard:
            if final:
                texts = [self._end(name, step)]
            elif ran:
                texts = self._plain(name, [f"  {ran.seconds:.1f} s for {step}"] if self._verbose else [])
            else:
                texts = self._plain(name, self._step(name, step, detail, size))
        for text in texts:  # without the guard, which the thread of the live view waits for
            self._show(text)

    def _step(self, name: str, step: str, detail: str, size: int) -> list[str]:
        """Note a step; returns what is new about it."""
        before = self._tally.lines.get(name)
        self._tally.update(name, step, detail, size)
        if step == WAITING:
            if self._groups is not None:
                self._groups[name] = []
            return []
        news = [] if (name, step) in self._printed else [step]
        self._printed.add((name, step))
        if self._verbose and detail and (before is None or (step, detail) != (before.step, before.detail)):
            news.append(f"  {detail}")
        return news

    def _end(self, name: str, result: str) -> str:
        """Note a result; returns it with the lines of the name's group."""
        self._tally.end(name)
        group = self._groups.pop(name, None) if self._groups is not None else None
        return "\n".join([f"::group::{name}: {result}", *group, "::endgroup::"]) if group else f"{name}: {result}"

    def _plain(self, name: str, news: list[str]) -> list[str]:
        """The lines to print now: none with a live view or in a group."""
        lines = [f"{name}: {text}" for text in news]
        if self._live:
            return []
        if self._groups is not None and name in self._groups:
            self._groups[name] += lines
            return []
        return lines

    def _show(self, text: str) -> None:
        if not self._quiet:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> "Progress":
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()
        for name, lines in (self._groups or {}).items():  # of an interrupted run
            self._show("\n".join([f"::group::{name}", *lines, "::endgroup::"]))

    def _view(self) -> RenderableType:
        with self._guard:
            lines, tally = dict(self._tally.lines), self._tally.text
        table = Table.grid(padding=(0, 1))
        for name, line in lines.items():
            if not line.waits:
                bytes_moved = decimal(line.size) if line.size else ""
                text = Text(f"{line.step} {line.detail}".strip(), no_wrap=True, overflow="ellipsis")
                seconds = f"{time.monotonic() - line.began:.0f} s"
                table.add_row(Spinner("dots"), Text(name, style="bold", no_wrap=True), seconds, bytes_moved, text)
        return Group(table, Text(tally)) if tally else Group(table)
