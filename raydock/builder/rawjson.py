"""Parses the progress of a build, BuildKit's `--progress=rawjson`.

The output is a sequence of SolveStatus documents (moby/buildkit: client/graph.go), and plain text after a failure.
"""

import base64
import json
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

from raydock.builder.steps import in_words
from raydock.core.events import Listener, Span

TAIL = 20
# Shorter steps, in seconds, are not worth a line.
_SHORTEST = 0.001
_HIDDEN = ("[internal]", "[context ")
# The last step, which BuildKit announces only when it begins.
_EXPORT = "exporting to image"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The failure of a build.

    Attributes:
        step: the title of the failed step; may be empty.
        error: BuildKit's error message.
        lines: the last lines of the step's output.
    """

    step: str
    error: str
    lines: tuple[str, ...]


@dataclass
class BuildProgress:
    """Reads the output of one build, reports it to a listener and writes it to a log.

    A running step is reported in words, with its number and the number of all steps: `3 of 8: installing ray`. The log
    has the start and the end of each step as BuildKit names it, in seconds since the start of the build.

    Attributes:
        name: the name of the build for the listener.
        listener: gets the progress.
        log: the open log file.
    """

    name: str
    listener: Listener
    log: IO[str]
    _steps: dict[str, str] = field(default_factory=dict)
    _announced: set[str] = field(default_factory=set)
    _transferred: dict[str, int] = field(default_factory=dict)
    _tails: dict[str, deque[str]] = field(default_factory=dict)
    _unfinished: dict[str, str] = field(default_factory=dict)
    _ended: set[tuple[str, str]] = field(default_factory=set)
    _failed: tuple[str, str] | None = None
    _began: float = field(default_factory=time.time)

    def read(self, stream: IO[bytes]) -> str:
        """Processes all documents of a stream.

        Returns the plain text around them, which is also logged.
        """
        document, rest = "", ""
        for raw in stream:
            line = raw.decode(errors="replace")
            if not document and not line.startswith("{"):
                rest += line
                continue
            document += line
            if line.startswith(("{", "}")) and line.rstrip().endswith("}"):
                self.process(json.loads(document))
                document = ""
        rest = (rest + document).strip()
        print(rest, file=self.log, flush=True)
        return rest

    def process(self, status: dict[str, Any]) -> None:
        """Processes one SolveStatus."""
        for vertex in status.get("vertexes") or ():
            self._process_vertex(vertex)
        for transfer in status.get("statuses") or ():
            self._transferred[transfer["vertex"]] = int(transfer.get("current") or 0)
            self._report(transfer["vertex"])
        for log in status.get("logs") or ():
            self.process_output(log["vertex"], base64.b64decode(log.get("data") or ""))

    def process_output(self, digest: str, data: bytes) -> None:
        """Processes a piece of a step's output, which can end within a line."""
        text = self._unfinished.get(digest, "") + data.decode(errors="replace")
        *lines, self._unfinished[digest] = text.split("\n")
        for line in lines:
            self._tails.setdefault(digest, deque(maxlen=TAIL)).append(line.rstrip())
            print(f"  {line.rstrip()}", file=self.log, flush=True)
        if lines:
            self._report(digest)

    @property
    def failure(self) -> Failure | None:
        """The first step that failed; None if no step failed."""
        if self._failed is None:
            return None
        digest, error = self._failed
        return Failure(step=self._steps.get(digest, ""), error=error, lines=tuple(self._tails.get(digest, ())))

    def _process_vertex(self, vertex: dict[str, Any]) -> None:
        digest, title = vertex["digest"], " ".join(vertex.get("name", "").split())
        if title.startswith("[") and not title.startswith(_HIDDEN):
            self._announced.add(digest)
        if error := vertex.get("error"):
            # The first failure is the cause; the other steps then report that they were cancelled.
            if self._failed is None and "context canceled" not in error:
                self._failed = (digest, error)
            self._steps.setdefault(digest, title)
            self._write(f"FAILED {title}: {error}")
        elif vertex.get("started") and digest not in self._steps:
            self._steps[digest] = title
            self._write(f"{title}{' (cached)' if vertex.get('cached') else ''}")
            self._report(digest)
        started, completed = vertex.get("started"), vertex.get("completed")
        if started and completed and not vertex.get("cached") and (digest, started) not in self._ended:
            self._ended.add((digest, started))  # a step may run more than once
            self._end(title, _seconds(started, completed))

    def _end(self, title: str, seconds: float) -> None:
        if seconds < _SHORTEST:
            return
        self._write(f"DONE in {seconds:.1f} s: {title}")
        self.listener(self.name, in_words(title), ran=Span(began=time.time() - seconds, seconds=seconds))

    def _write(self, text: str) -> None:
        print(f"{time.time() - self._began:6.1f} {text}", file=self.log, flush=True)

    def _report(self, digest: str) -> None:
        title = self._steps.get(digest, "")
        if title and not title.startswith(_HIDDEN):
            tail = self._tails.get(digest)
            detail = tail[-1].strip() if tail else ""
            step = self._count(digest, title) + in_words(title)
            self.listener(self.name, step, detail=detail, size=self._transferred.get(digest, 0))

    def _count(self, digest: str, title: str) -> str:
        """The number of a step among all steps, by their start; empty for one that BuildKit adds."""
        steps = len(self._announced) + 1
        if title == _EXPORT:
            return f"{steps} of {steps}: "
        if digest not in self._announced:
            return ""
        begun = [step for step in self._steps if step in self._announced]
        return f"{begun.index(digest) + 1} of {steps}: "


def _seconds(started: str, completed: str) -> float:
    """The seconds between two times of the engine's clock (RFC 3339)."""
    return (datetime.fromisoformat(completed) - datetime.fromisoformat(started)).total_seconds()
