"""`docker buildx build`, one process a build, with its progress read as it comes.

BuildKit's `--progress=rawjson` writes SolveStatus documents (moby/buildkit: client/graph.go) to stderr, one after
another, and plain text after a failure.
"""

import base64
import json
import os
import re
import signal
import subprocess
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import IO, Any

from raydock.errors import OutOfReachError, VariantError
from raydock.events import Listener

TAIL = 20


_OPTIONS = re.compile(r" --(?:mount|link|from)\S*| \(.*")
_UNTOLD = ("[internal]", "[context ")


def short(step: str) -> str:
    """A step's title without its mounts and its script, as in `[4/9] RUN /run/install-layer /run/ray.txt`."""
    return _OPTIONS.sub("", step)[:120]


class BuildError(VariantError):
    """A build that failed: the step, its last lines of output and the log's path are in the message."""


@dataclass
class _Progress:
    """What one build has said so far."""

    name: str
    listener: Listener
    log: IO[str]
    steps: dict[str, str] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    tails: dict[str, deque[str]] = field(default_factory=dict)
    unfinished: dict[str, str] = field(default_factory=dict)
    failed: tuple[str, str] | None = None

    def take(self, status: dict[str, Any]) -> None:
        """Takes one SolveStatus."""
        for vertex in status.get("vertexes") or ():
            self._vertex(vertex)
        for item in status.get("statuses") or ():
            self.moved[item["vertex"]] = int(item.get("current") or 0)
            self._tell(item["vertex"])
        for item in status.get("logs") or ():
            self._output(item["vertex"], base64.b64decode(item.get("data") or "").decode(errors="replace"))

    def _vertex(self, vertex: dict[str, Any]) -> None:
        digest, title = vertex["digest"], " ".join(vertex.get("name", "").split())
        if error := vertex.get("error"):
            # The first to fail is the cause; others then report that they were cancelled.
            if self.failed is None and "context canceled" not in error:
                self.failed = (digest, error)
            self.steps.setdefault(digest, title)
            print(f"FAILED {title}: {error}", file=self.log)
        elif vertex.get("started") and digest not in self.steps:
            self.steps[digest] = title
            cached = " (cached)" if vertex.get("cached") else ""
            print(f"{title}{cached}", file=self.log, flush=True)
            self._tell(digest)

    def _output(self, digest: str, text: str) -> None:
        *lines, self.unfinished[digest] = (self.unfinished.get(digest, "") + text).split("\n")
        for line in lines:
            self.tails.setdefault(digest, deque(maxlen=TAIL)).append(line.rstrip())
            print(f"  {line.rstrip()}", file=self.log, flush=True)
        if lines:
            self._tell(digest)

    def _tell(self, digest: str) -> None:
        title = self.steps.get(digest, "")
        if title and not title.startswith(_UNTOLD):
            tail = self.tails.get(digest)
            detail = tail[-1].strip() if tail else ""
            self.listener(self.name, short(title), detail=detail, size=self.moved.get(digest, 0))


@dataclass
class Buildx:
    """Runs builds through one engine, and can stop them all.

    `uv` is a folder that holds uv's binary and nothing else: builds see it as the context named uv.
    """

    listener: Listener
    uv: Path
    no_cache: bool = False
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _guard: Lock = field(default_factory=Lock)
    _stopped: Event = field(default_factory=Event)

    def build(
        self,
        name: str,
        context: Path,
        *,
        tags: Sequence[str],
        labels: dict[str, str],
        epoch: int,
        platform: str,
        options: Sequence[str],
        log: Path,
    ) -> str:
        """Builds the Dockerfile in `context`, tags the image and returns its id.

        `epoch` is SOURCE_DATE_EPOCH in seconds, `options` go to the command line as they are, and the whole output
        goes to `log`. Raises BuildError, or OutOfReachError where the engine or its disk gave out.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        metadata = log.with_suffix(".metadata.json")
        metadata.unlink(missing_ok=True)
        command = ["docker", "buildx", "build", "--progress=rawjson", "--provenance=false", f"--platform={platform}"]
        command += [f"--build-arg=SOURCE_DATE_EPOCH={epoch}", f"--build-context=uv={self.uv}"]
        command += [f"--tag={tag}" for tag in tags] + [f"--label={key}={value}" for key, value in labels.items()]
        command += [f"--metadata-file={metadata}", *(["--no-cache"] if self.no_cache else []), *options, str(context)]
        with log.open("w", encoding="utf-8") as file:
            progress = _Progress(name, self.listener, file)
            with self._process(command) as process:
                assert process.stderr is not None
                rest = _documents(process.stderr, progress)
                code = process.wait()
            print(rest, file=file)
        if code:
            raise self._failure(name, progress, rest, log)
        document = json.loads(metadata.read_text(encoding="utf-8"))
        metadata.unlink()
        return str(document.get("containerimage.config.digest") or document["containerimage.digest"])

    def stop(self) -> None:
        """Ends every build that runs, and lets none begin; BuildKit drops what they had in hand."""
        self._stopped.set()
        with self._guard:
            for process in self._running:
                process.send_signal(signal.SIGTERM)

    @contextmanager
    def _process(self, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        environment = {**os.environ, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "DOCKER_CLI_HINTS": "false"}
        with self._guard:
            if self._stopped.is_set():
                raise KeyboardInterrupt
            # A process group of its own: Ctrl-C reaches raydock alone, which then ends its builds in order.
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, process_group=0
            )
            self._running.add(process)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait()
            with self._guard:
                self._running.discard(process)

    def _failure(self, name: str, progress: _Progress, rest: str, log: Path) -> BaseException:
        if self._stopped.is_set():
            return KeyboardInterrupt()
        digest, error = progress.failed or ("", _last_line(rest))
        step = progress.steps.get(digest, "")
        tail = "\n".join(f"  {line}" for line in progress.tails.get(digest, ()))
        reason = _reason(f"{error}\n{rest}\n{tail}")
        what = f"{name}: the build failed" + (f" at the step `{short(step)}`" if step else "") + f": {error[:300]}"
        meaning = "\n".join(part for part in (f"Its last lines:\n{tail}" if tail else "", f"Log: {log}") if part)
        if reason:
            return OutOfReachError(what, meaning=f"{meaning}\n{reason[0]}", todo=reason[1])
        todo = "read the log, mend the cause, then run this again: what is built stays."
        return BuildError(what, meaning=meaning, todo=todo)


_OUT_OF_REACH = {
    "no space left on device": (
        "The engine's disk is full.",
        "free some (`docker builder prune`, `docker image prune`), then run this again: what is built stays.",
    ),
    "Cannot connect to the Docker daemon": ("No engine answers.", "run `scripts/engine`, then this again."),
    "error reading from server: EOF": ("The engine went away.", "run `scripts/engine`, then this again."),
    "connection refused": ("The engine or the package index went away.", "see that both answer, then run this again."),
}


def _reason(text: str) -> tuple[str, str] | None:
    lowered = text.lower()
    return next((words for sign, words in _OUT_OF_REACH.items() if sign.lower() in lowered), None)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "docker buildx said nothing"


def _documents(stream: IO[bytes], progress: _Progress) -> str:
    """Feeds every JSON document of the stream to `progress`; returns the plain text around them."""
    document, rest = "", ""
    for raw in stream:
        line = raw.decode(errors="replace")
        if not document and not line.startswith("{"):
            rest += line
            continue
        document += line
        if line.startswith(("{", "}")) and line.rstrip().endswith("}"):
            progress.take(json.loads(document))
            document = ""
    return (rest + document).strip()
