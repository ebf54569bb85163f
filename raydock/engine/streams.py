"""The output of containers, limited and without control characters."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Timer

Stream = Iterable[tuple[bytes | None, bytes | None]]
# Some login banners and start-up hooks print megabytes; a loop would print until the memory is full.
KEPT = 32 * 2**20
_LINE = 64 * 2**10
_SHOWN = 300
# ECMA-48 control sequences (colours, cursor movements) and operating system commands (window titles).
_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)")


class Tail:
    """The end of a stream: KEPT bytes, and at most one chunk more."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._chunks: deque[bytes] = deque()
        self._size = 0

    def add(self, data: bytes) -> None:
        """Append data, and drop the oldest data that is no longer needed."""
        self._chunks.append(data)
        self._size += len(data)
        while self._size - len(self._chunks[0]) >= self._kept:
            self._size -= len(self._chunks.popleft())

    @property
    def text(self) -> str:
        """The bytes as UTF-8; invalid bytes are replaced."""
        return b"".join(self._chunks).decode("utf-8", "replace")


@contextmanager
def time_limit(seconds: float, stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop`, in a different thread, if the block does not end within `seconds`."""
    timer = Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def read(stream: Stream, on_line: Callable[[str], None]) -> tuple[str, str]:
    """Read a demultiplexed stream, and return the ends of stdout and stderr.

    `on_line` gets each line of stderr at once.
    """
    out, err, rest = Tail(), Tail(), b""
    for more_out, more_err in stream:
        out.add(more_out or b"")
        err.add(more_err or b"")
        *lines, rest = (rest + (more_err or b"")).split(b"\n")
        rest = rest[-_LINE:]
        for line in lines:
            on_line(printable(line.decode("utf-8", "replace"))[:_SHOWN])
    return out.text, err.text


def printable(text: str) -> str:
    """The text in one line, without terminal codes and control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in _CODES.sub("", text)).split())


def last_line(*texts: str) -> str:
    """The last line of the first text that has one, at most 300 characters.

    Lines without printable characters do not count; empty if there is no other.
    """
    for text in texts:
        for line in reversed(text[-_LINE:].splitlines()):
            if clean := printable(line):
                return clean[-_SHOWN:]
    return ""
