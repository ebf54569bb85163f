"""What a build says while it runs: BuildKit's `--progress=rawjson`.

It writes SolveStatus documents (moby/buildkit: client/graph.go), one after another, and plain text after a failure.
"""

import base64
import json
import re
from collections import deque
from dataclasses import dataclass, field
from typing import IO, Any

from raydock.core.events import Listener

TAIL = 20
_MOUNTS = re.compile(r" --(?:mount|link|from|network)\S*")
_SCRIPT = re.compile(r"(<<'?\w+'?) \(.*")
_UNTOLD = ("[internal]", "[context ")


def short(step: str) -> str:
    """A step's title without its mounts and its script, as in `[tree-ray 1/1] RUN make-tree /run/ray.txt`."""
    return _SCRIPT.sub(r"\1", _MOUNTS.sub("", step))[:120]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The step that ended a build, its error in BuildKit's words, and its last lines of output."""

    step: str
    error: str
    lines: tuple[str, ...]


@dataclass
class BuildProgress:
    """Reads what one build says, passes it to a listener and writes it to a log."""

    name: str
    listener: Listener
    log: IO[str]
    _steps: dict[str, str] = field(default_factory=dict)
    _moved: dict[str, int] = field(default_factory=dict)
    _tails: dict[str, deque[str]] = field(default_factory=dict)
    _unfinished: dict[str, str] = field(default_factory=dict)
    _failed: tuple[str, str] | None = None

    def read(self, stream: IO[bytes]) -> str:
        """Takes every document of a stream up to its end; returns the plain text around them, which is logged too."""
        document, rest = "", ""
        for raw in stream:
            line = raw.decode(errors="replace")
            if not document and not line.startswith("{"):
                rest += line
                continue
            document += line
            if line.startswith(("{", "}")) and line.rstrip().endswith("}"):
                self.take(json.loads(document))
                document = ""
        rest = (rest + document).strip()
        print(rest, file=self.log, flush=True)
        return rest

    def take(self, status: dict[str, Any]) -> None:
        """Takes one SolveStatus."""
        for vertex in status.get("vertexes") or ():
            self._vertex(vertex)
        for item in status.get("statuses") or ():
            self._moved[item["vertex"]] = int(item.get("current") or 0)
            self._tell(item["vertex"])
        for item in status.get("logs") or ():
            self.output(item["vertex"], base64.b64decode(item.get("data") or ""))

    def output(self, digest: str, data: bytes) -> None:
        """Takes a piece of a step's output, which may end anywhere in a line."""
        text = self._unfinished.get(digest, "") + data.decode(errors="replace")
        *lines, self._unfinished[digest] = text.split("\n")
        for line in lines:
            self._tails.setdefault(digest, deque(maxlen=TAIL)).append(line.rstrip())
            print(f"  {line.rstrip()}", file=self.log, flush=True)
        if lines:
            self._tell(digest)

    @property
    def failure(self) -> Failure | None:
        """The first step that failed; None where none did."""
        if self._failed is None:
            return None
        digest, error = self._failed
        return Failure(step=self._steps.get(digest, ""), error=error, lines=tuple(self._tails.get(digest, ())))

    def _vertex(self, vertex: dict[str, Any]) -> None:
        digest, title = vertex["digest"], " ".join(vertex.get("name", "").split())
        if error := vertex.get("error"):
            # The first to fail is the cause; others then report that they were cancelled.
            if self._failed is None and "context canceled" not in error:
                self._failed = (digest, error)
            self._steps.setdefault(digest, title)
            print(f"FAILED {title}: {error}", file=self.log)
        elif vertex.get("started") and digest not in self._steps:
            self._steps[digest] = title
            cached = " (cached)" if vertex.get("cached") else ""
            print(f"{title}{cached}", file=self.log, flush=True)
            self._tell(digest)

    def _tell(self, digest: str) -> None:
        title = self._steps.get(digest, "")
        if title and not title.startswith(_UNTOLD):
            tail = self._tails.get(digest)
            detail = tail[-1].strip() if tail else ""
            self.listener(self.name, short(title), detail=detail, size=self._moved.get(digest, 0))
