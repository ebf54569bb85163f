import json
from pathlib import Path

import pytest

from raydock.core.events import Span, silent, timed
from raydock.core.steps import Recorder, Step, document, slowest, write_trace

BEGAN = 1_796_000_000.0


def _step(name: str, title: str, began: float, seconds: float) -> Step:
    return Step(name=name, title=title, span=Span(began=BEGAN + began, seconds=seconds))


STEPS = [
    _step("b", "export", 4.0, 1.0),
    _step("a", "tree ray", 0.0, 2.5),
    _step("a", "tree rest", 0.5, 1.0),
    _step("a", "export", 2.5, 0.5),
]


def test_a_recorder_keeps_what_has_ended_and_passes_all_on() -> None:
    heard: list[tuple[str, str, bool]] = []

    def listen(
        name: str, step: str, *, detail: str = "", size: int = 0, ran: Span | None = None, final: bool = False
    ) -> None:
        heard.append((name, step, ran is not None))

    recorder = Recorder(listen)
    with timed(recorder, "base", "bootstrapping"):
        recorder("a", "resolving", detail="x")
    [step] = recorder.steps
    assert (step.name, step.title) == ("base", "bootstrapping")
    assert 0 <= step.span.seconds < 5
    assert heard == [("base", "bootstrapping", False), ("a", "resolving", False), ("base", "bootstrapping", True)]


def test_a_step_that_fails_has_its_time() -> None:
    recorder = Recorder(silent)
    with pytest.raises(ValueError, match="x"), timed(recorder, "base", "bootstrapping"):
        raise ValueError("x")
    assert [step.title for step in recorder.steps] == ["bootstrapping"]


def test_the_document_has_the_order_of_the_starts() -> None:
    assert document(STEPS) == [
        {"name": "a", "step": "tree ray", "began": 0.0, "seconds": 2.5},
        {"name": "a", "step": "tree rest", "began": 0.5, "seconds": 1.0},
        {"name": "a", "step": "export", "began": 2.5, "seconds": 0.5},
        {"name": "b", "step": "export", "began": 4.0, "seconds": 1.0},
    ]
    assert document([]) == []


def test_the_slowest_steps_come_first() -> None:
    assert [step.title for step in slowest(STEPS, 2)] == ["tree ray", "export"]


def test_a_trace_has_a_row_for_each_variant_and_for_what_overlaps(tmp_path: Path) -> None:
    write_trace(tmp_path / "new" / "trace.json", STEPS)
    events = json.loads((tmp_path / "new" / "trace.json").read_text())["traceEvents"]
    rows = {event["tid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
    assert sorted(rows.values()) == ["a", "a", "b"]
    complete = {(event["cat"], event["name"]): event for event in events if event["ph"] == "X"}
    assert complete["a", "tree ray"]["tid"] == complete["a", "export"]["tid"] != complete["a", "tree rest"]["tid"]
    assert complete["b", "export"]["dur"] == 1e6
    assert complete["b", "export"]["ts"] - complete["a", "tree ray"]["ts"] == 4e6
    assert {rows[event["tid"]] == event["cat"] for event in complete.values()} == {True}
