"""The timeline of a run in the summary of a job."""

from pathlib import Path

from raydock.core.events import WAITING, Span
from raydock.core.steps import Step
from raydock.core.timeline import append_summary, timeline

BEGAN = 1_796_000_000.0


def _step(name: str, title: str, began: float, seconds: float) -> Step:
    return Step(name=name, title=title, span=Span(began=BEGAN + began, seconds=seconds))


STEPS = [
    _step("b", WAITING, 0.0, 9.0),
    _step("b", "check ray: a task, then #1; end", 4.0, 1.25),
    _step("a", "writing the image", 2.5, 0.5),
    _step("a", "installing ray", 0.5, 2.0),
    _step("a", "short", 0.0, 0.4),
]
TIMELINE = """\
gantt
  dateFormat x
  axisFormat %M:%S
  section a
  installing ray (2.0 s) :0, 2000
  writing the image (0.5 s) :2000, 2500
  section b
  check ray a task then 1 end (1.2 s) :3500, 4750
"""


def test_each_variant_has_a_section_with_its_steps() -> None:
    assert timeline(STEPS) == TIMELINE
    assert timeline(STEPS[:1]) == ""


def test_a_job_of_github_actions_gets_it_in_its_summary(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    append_summary(STEPS, {"GITHUB_STEP_SUMMARY": str(summary)})
    assert summary.read_text() == f"before\n```mermaid\n{TIMELINE}```\n"
    append_summary([], {"GITHUB_STEP_SUMMARY": str(summary)})
    append_summary(STEPS, {})
    assert summary.read_text().count("mermaid") == 1
