"""The progress display: live lines on a terminal, plain lines elsewhere."""

import time
from threading import Lock
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.filesize import decimal
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from raydock.core.events import Span


class Progress:
    """A listener (raydock/core/events.py) that shows events on a console.

    Use it in a `with` statement.
    """

    def __init__(self, console: Console, *, quiet: bool = False, verbose: bool = False) -> None:
        self._console, self._quiet, self._verbose = console, quiet, verbose
        self._lines: dict[str, tuple[float, str, str, int]] = {}
        self._printed: set[tuple[str, str]] = set()
        self._guard = Lock()
        terminal = console.is_terminal and not quiet
        self._live = Live(get_renderable=self._view, console=console, transient=True) if terminal else None

    def __call__(self, name: str, step: str, *, detail: str = "", size: int = 0, ran: Span | None = None) -> None:
        if ran:
            self._end(name, step, ran.seconds)
            return
        with self._guard:
            started, last_step, last_detail, _ = self._lines.get(name, (time.monotonic(), "", "", 0))
            self._lines[name] = (started, step, detail, size)
            if self._live or self._quiet:
                return
            if (name, step) not in self._printed:
                self._printed.add((name, step))
                self._console.print(f"{name}: {step}", markup=False, highlight=False, soft_wrap=True)
            if self._verbose and detail and (step, detail) != (last_step, last_detail):
                self._console.print(f"{name}:   {detail}", markup=False, highlight=False, soft_wrap=True)

    def _end(self, name: str, step: str, seconds: float) -> None:
        if self._verbose and not self._live and not self._quiet:
            text = f"{name}:   {seconds:.1f} s for {step}"
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

    def _view(self) -> RenderableType:
        with self._guard:
            lines = dict(self._lines)
        table = Table.grid(padding=(0, 1))
        for name, (started, step, detail, size) in lines.items():
            bytes_moved = decimal(size) if size else ""
            text = Text(f"{step} {detail}".strip(), no_wrap=True, overflow="ellipsis")
            seconds = f"{time.monotonic() - started:.0f} s"
            table.add_row(Spinner("dots"), Text(name, style="bold"), seconds, bytes_moved, text)
        return Group(table)
