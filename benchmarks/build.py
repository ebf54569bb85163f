"""Seconds of a build, against the usual Dockerfile's."""

import time
from collections.abc import Callable
from statistics import median

from benchmarks.bench import CPU, TORCH, Setting
from benchmarks.engine import REPOSITORY, Traces, swept
from benchmarks.figure import Bound, Figure, Target
from benchmarks.ways import Subject, ours, usual, usual_base

Way = Callable[[Subject, str, str], float]


def _ours(subject: Subject, tag: str, cache: str) -> float:
    return ours(subject, tag, cache=f"{REPOSITORY}-uv-{cache}", epoch=int(time.time()))


def _usual(subject: Subject, tag: str, cache: str) -> float:
    return usual(subject, tag, cache=f"{REPOSITORY}-pip-{cache}")


def cpu(setting: Setting) -> list[Figure]:
    """The cpu image with empty and with filled package caches; no layer is reused."""
    subject = Subject.find(setting.client, setting.project, CPU, setting.folder / "cpu")
    with swept(setting.client) as traces:
        usual_base(subject)
        cold = _Race(setting, traces, subject, "cold").run(lambda number: f"cold{number}")
        warm = _Race(setting, traces, subject, "warm").run(lambda _: "cold0")
    return [_figure(subject, "cold", cold, 2), _figure(subject, "warm", warm, 1.3)]


def torch(setting: Setting) -> list[Figure]:
    """The torch image with empty (once) and with filled package caches; no layer is reused."""
    subject = Subject.find(setting.client, setting.project, TORCH, setting.folder / "torch")
    with swept(setting.client) as traces:
        usual_base(subject)
        first = _Race(setting, traces, subject, "cold", runs=1, sweep=True).run(lambda _: "torch")
        large = _Race(setting, traces, subject, "warm", sweep=True).run(lambda _: "torch")
    return [_figure(subject, "cold", first), _figure(subject, "warm", large, 1.1)]


class _Race:
    """Both ways in turn, so that what else the machine does falls on both.

    With `sweep` what a run made is removed before the next. ext4 looks for a free inode past all that were deleted in
    the last minutes (recently_deleted in fs/ext4/ialloc.c), so that a run after a sweep creates files more slowly.
    """

    def __init__(
        self,
        setting: Setting,
        traces: Traces,
        subject: Subject,
        words: str,
        *,
        runs: int | None = None,
        sweep: bool = False,
    ) -> None:
        self._setting, self._traces, self._subject, self._words = setting, traces, subject, words
        self._runs, self._sweep = runs or setting.runs, sweep

    def run(self, cache: Callable[[int], str]) -> tuple[list[float], list[float]]:
        """The seconds of raydock's runs and of the usual way's; `cache` names the wheel cache of each run."""
        mine, theirs = [], []
        for number in range(self._runs):
            mine.append(self._once(_ours, "raydock", number, cache(number)))
            theirs.append(self._once(_usual, "usual", number, cache(number)))
        key = f"{self._subject.item.name} {self._words}"
        self._setting.detail[key] = {"raydock": mine, "usual": theirs}
        return mine, theirs

    def _once(self, way: Way, name: str, number: int, cache: str) -> float:
        seconds = way(self._subject, f"{REPOSITORY}:{name}-{self._words}{number}", cache)
        self._setting.tell(f"{self._subject.item.name} {self._words}, {name}: {seconds:.1f} s")
        if self._sweep:
            self._traces.sweep()
        return seconds


def _figure(
    subject: Subject, words: str, seconds: tuple[list[float], list[float]], target: float | None = None
) -> Figure:
    mine, theirs = seconds
    return Figure(
        what=f"{subject.item.name}, built {words}, median of {len(mine)}",
        unit="s",
        measured=median(mine),
        peer=median(theirs),
        peer_way="one `RUN pip install`",
        target=Target(Bound.FASTER, target) if target else None,
    )
