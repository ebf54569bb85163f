"""The progress display: plain lines, groups of GitHub Actions, and the live view of a terminal."""

import io
import time
from collections.abc import Callable

import pytest
from rich.console import Console

from raydock.core.events import WAITING, Span
from raydock.core.progress import Progress, Tally, duration

Run = Callable[[Progress], None]


def shown(run: Run, *, terminal: bool = False, **options: object) -> str:
    """What a console of 80 columns gets."""
    text = io.StringIO()
    console = Console(file=text, width=80, height=20, force_terminal=terminal, color_system=None)
    environment = options.pop("environment", {})
    with Progress(console, environment=environment, **options) as progress:  # type: ignore[arg-type]
        run(progress)
    return text.getvalue()


def two(progress: Progress) -> None:
    for name in ("one", "two"):
        progress(name, WAITING)
    progress("base", "bootstrapping")
    progress("one", "building", detail="first line")
    progress("one", "building", detail="second line")
    progress("two", "building")
    progress("one", "building", ran=Span(began=0.0, seconds=1.5))
    progress("one", "built in 2 s", final=True)
    progress("two", "failed: no space", final=True)


def test_plain_lines_name_each_step_once_and_the_result() -> None:
    assert shown(two).splitlines() == [
        "base: bootstrapping",
        "one: building",
        "two: building",
        "one: built in 2 s",
        "two: failed: no space",
    ]


def test_verbose_lines_have_the_output_and_the_times() -> None:
    lines = shown(two, verbose=True).splitlines()
    assert lines[1:4] == ["one: building", "one:   first line", "one:   second line"]
    assert "one:   1.5 s for building" in lines


def test_quiet_prints_nothing() -> None:
    assert shown(two, quiet=True) == ""


def test_github_gets_a_group_for_each_variant() -> None:
    assert shown(two, environment={"GITHUB_ACTIONS": "true"}).splitlines() == [
        "base: bootstrapping",
        "::group::one: built in 2 s",
        "one: building",
        "::endgroup::",
        "::group::two: failed: no space",
        "two: building",
        "::endgroup::",
    ]


def test_the_group_of_an_interrupted_variant_is_not_lost() -> None:
    def interrupted(progress: Progress) -> None:
        progress("one", WAITING)
        progress("one", "building")

    expected = ["::group::one", "one: building", "::endgroup::"]
    assert shown(interrupted, environment={"GITHUB_ACTIONS": "true"}).splitlines() == expected


def test_a_terminal_has_a_line_for_what_runs_a_count_and_the_results() -> None:
    def run(progress: Progress) -> None:
        for name in ("one", "two", "three"):
            progress(name, WAITING)
        progress("one", "building", size=5_000_000)
        time.sleep(0.3)  # the view is drawn several times in a second
        progress("one", "built in 2 s", final=True)
        progress("two", "x" * 200)
        time.sleep(0.3)

    output = shown(run, terminal=True)
    assert "5.0 MB building" in output
    assert "0 of 3 done, 2 waiting" in output
    assert "one: built in 2 s\n" in output
    assert "1 of 3 done, 1 waiting, about 0 s left" in output
    assert "x" * 80 not in output
    assert "…" in output


def test_a_second_kind_of_work_counts_anew() -> None:
    tally = Tally()
    for name in ("one", "two"):
        tally.update(name, WAITING, "", 0)
    for name in ("one", "two"):
        tally.update(name, "building", "", 0)
        tally.end(name)
    assert tally.text == "2 of 2 done"
    for name in ("one", "two"):
        tally.update(name, WAITING, "", 0)
    assert tally.text == "0 of 2 done, 2 waiting"


def test_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of five took 100 s each; one has run for 40 s, and two wait: 60 + 200 s, one after the other."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    tally = Tally()
    for name in "abcde":
        tally.update(name, WAITING, "", 0)
    for name in "ab":
        tally.update(name, "building", "", 0)
    clock[0] = 100.0
    for name in "ab":
        tally.end(name)
    tally.update("c", "building", "", 0)
    clock[0] = 140.0
    assert tally.text == "2 of 5 done, 2 waiting, about 4 min left"


@pytest.mark.parametrize(("seconds", "text"), [(4.4, "4 s"), (119.0, "119 s"), (150.0, "2 min"), (3600.0, "60 min")])
def test_a_duration_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text
