"""BuildKit's progress, read from streams that a real engine wrote (buildx 0.13.1; tests/unit/builder/data)."""

import io
from pathlib import Path

from raydock.builder.rawjson import BuildProgress
from raydock.core.events import Span

DATA = Path(__file__).parent / "data"


class Recorder(list[tuple[str, str, str, int]]):
    """A listener: the events of running steps, and the steps that have ended, with their milliseconds."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: list[tuple[str, int]] = []

    def __call__(
        self, name: str, step: str, *, detail: str = "", size: int = 0, ran: Span | None = None, final: bool = False
    ) -> None:
        if ran:
            self.ended.append((step, round(ran.seconds * 1000)))
            return
        self.append((name, step, detail, size))


def read(stream: bytes) -> tuple[BuildProgress, Recorder, str, str]:
    events, log = Recorder(), io.StringIO()
    progress = BuildProgress("toy", events, log)
    rest = progress.read(io.BytesIO(stream))
    return progress, events, log.getvalue(), rest


def test_a_failure_has_the_step_its_last_lines_and_the_error() -> None:
    progress, _, log, rest = read((DATA / "failed.txt").read_bytes())
    assert progress.failure is not None
    assert progress.failure.step == "[2/2] RUN echo one; echo two; sleep 0.2; echo boom >&2; exit 7"
    assert progress.failure.lines == ("one", "two", "boom")
    assert progress.failure.error.endswith("exit code: 7")
    assert "FAILED [2/2] RUN" in log
    assert rest.startswith("Dockerfile:2")


def test_a_successful_build_has_no_failure() -> None:
    progress, events, log, rest = read((DATA / "done.txt").read_bytes())
    assert progress.failure is None
    assert ("toy", "3 of 3: writing the image", "", 0) in events
    assert "  boom" in log
    assert rest == ""


def test_internal_steps_are_only_logged() -> None:
    _, events, log, _ = read((DATA / "done.txt").read_bytes())
    assert "[internal] load build definition" in log
    assert [step for _, step, _, _ in events if "Dockerfile" in step or "internal" in step] == []


def test_one_document_per_line() -> None:
    """From 0.14 on, buildx writes compact rawjson."""
    stream = b'{"vertexes":[{"digest":"sha256:0","name":"[1/1] RUN true","started":"2026-11-22T00:00:00Z"}]}\nend\n'
    _, events, _, rest = read(stream)
    assert events == [("toy", "1 of 2: [1/1] RUN true", "", 0)]
    assert rest == "end"


def test_steps_have_their_time_on_the_engines_clock() -> None:
    _, events, log, _ = read((DATA / "done.txt").read_bytes())
    assert events.ended == [
        ("reading the Dockerfile", 10),
        ("reading .dockerignore", 4),
        ("[2/2] RUN echo one; echo two; sleep 0.2; echo boom >&2", 398),
        ("writing the image", 14),
    ]
    assert "DONE in 0.4 s: [2/2] RUN echo one" in log


def test_a_step_that_runs_twice_has_two_times_and_a_cached_one_none() -> None:
    progress, events, *_ = read(b"")
    first = {"started": "2026-11-22T23:51:45.000000001Z", "completed": "2026-11-22T23:51:46.500000001Z"}
    second = {"started": "2026-11-22T23:51:47Z", "completed": "2026-11-22T23:51:47.25Z"}
    for times in (first, first, second):
        progress.process({"vertexes": [{"digest": "d", "name": "[1/1] RUN x", **times}]})
    progress.process({"vertexes": [{"digest": "c", "name": "[1/2] RUN y", "cached": True, **first}]})
    assert events.ended == [("[1/1] RUN x", 1500), ("[1/1] RUN x", 250)]


def test_pieces_of_output_are_joined() -> None:
    pieces = [b"Downloa", b"ding ray\nDone", b"\n"]
    progress, events, _, _ = read(b"")
    progress.process({"vertexes": [{"digest": "d", "name": "[1/1] RUN x", "started": "2026"}]})
    for piece in pieces:
        progress.process_output("d", piece)
    assert [detail for _, _, detail, _ in events] == ["", "Downloading ray", "Done"]


def test_a_cancelled_step_is_not_the_cause() -> None:
    progress, *_ = read(b"")
    progress.process({"vertexes": [{"digest": "a", "name": "A", "error": "context canceled: context canceled"}]})
    progress.process({"vertexes": [{"digest": "b", "name": "B", "error": "exit code: 1"}]})
    assert progress.failure is not None
    assert progress.failure.step == "B"
