"""A timeline of a run's steps for the summary of a job in GitHub Actions, which shows Mermaid's diagrams."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from raydock.core.events import WAITING
from raydock.core.steps import Step

_VARIABLE = "GITHUB_STEP_SUMMARY"
# Shorter steps, in seconds, would be thinner than a line.
_SHORTEST = 0.5
# What ends a task's name or a line in Mermaid. Source: its documentation of Gantt diagrams, read 2026-12-01.
_SYNTAX = re.compile(r"[:;#,\s]+")


def append_summary(steps: Sequence[Step], environment: Mapping[str, str] = os.environ) -> None:
    """Adds the timeline to the summary of the job; does nothing outside of GitHub Actions, or without steps."""
    path, text = environment.get(_VARIABLE), timeline(steps)
    if path and text:
        # A summary that cannot be written must not fail the run.
        with suppress(OSError), Path(path).open("a", encoding="utf-8") as file:
            file.write(f"```mermaid\n{text}```\n")


def timeline(steps: Iterable[Step]) -> str:
    """A Gantt diagram: a section for each variant or base, with its steps; empty without steps of half a second."""
    shown = [step for step in steps if step.span.seconds >= _SHORTEST and step.title != WAITING]
    if not shown:
        return ""
    first = min(step.span.began for step in shown)
    lines = ["gantt", "  dateFormat x", "  axisFormat %M:%S"]
    ordered = sorted(shown, key=lambda step: (step.name, step.span.began))
    for name, own in groupby(ordered, key=lambda step: step.name):
        lines.append(f"  section {_plain(name)}")
        lines += [f"  {_plain(step.title)} ({step.span.seconds:.1f} s) :{_times(step, first)}" for step in own]
    return "".join(f"{line}\n" for line in lines)


def _times(step: Step, first: float) -> str:
    """The start and the end of a step, in milliseconds since the first one's start."""
    began = round((step.span.began - first) * 1000)
    return f"{began}, {began + round(step.span.seconds * 1000)}"


def _plain(text: str) -> str:
    return _SYNTAX.sub(" ", text).strip()
