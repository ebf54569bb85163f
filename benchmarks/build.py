"""Duration of a build, compared with the usual Dockerfile."""

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
    """Measure the cpu image with empty and with filled package caches; no layer is reused."""
    subject = Subject.find(setting.client, setting.project, CPU, setting.folder / "cpu")
    with swept(setting.client) as traces:
        usual_base(subject)
        cold = _Race(setting, traces, subject, "cold").run(lambda number: f"cold{number}")
        warm = _Race(setting, traces, subject, "warm").run(lambda _: "cold0")
    return [_figure(subject, "cold", cold, 2), _figure(subject, "warm", warm, 1.3)]


def torch(setting: Setting) -> list[Figure]:
    """Measure the torch image with empty (once) and with filled package caches; no layer is reused."""
    subject = Subject.find(setting.client, setting.project, TORCH, setting.folder / "torch")
    with swept(setting.client) as traces:
        usual_base(subject)
        cold = _Race(setting, traces, subject, "cold", runs=1, sweep=True).run(lambda _: "torch")
        warm = _Race(setting, traces, subject, "warm", sweep=True).run(lambda _: "torch")
    return [_figure(subject, "cold", cold), _figure(subject, "warm", warm, 1.1)]


class _Race:
    """Runs of both ways in turn, so that other load on the machine affects both.

    With `sweep`, the results of a run are removed before the next run. ext4 skips inodes that were deleted in the last
    minutes (recently_deleted in fs/ext4/ialloc.c), so a run after a sweep creates files more slowly.
    """

    def __init__(
        self,
        setting: Setting,
        traces: Traces,
        subject: Subject,
        label: str,
        *,
        runs: int | None = None,
        sweep: bool = False,
    ) -> None:
        self._setting, self._traces, self._subject, self._label = setting, traces, subject, label
        self._runs, self._sweep = runs or setting.runs, sweep

    def run(self, cache: Callable[[int], str]) -> tuple[list[float], list[float]]:
        """Return the seconds of raydock's runs and of the usual way; `cache` names the wheel cache of each run."""
        raydock, peer = [], []
        for number in range(self._runs):
            raydock.append(self._build(_ours, "raydock", number, cache(number)))
            peer.append(self._build(_usual, "usual", number, cache(number)))
        key = f"{self._subject.planned.name} {self._label}"
        self._setting.detail[key] = {"raydock": raydock, "usual": peer}
        return raydock, peer

    def _build(self, way: Way, name: str, number: int, cache: str) -> float:
        seconds = way(self._subject, f"{REPOSITORY}:{name}-{self._label}{number}", cache)
        self._setting.progress(f"{self._subject.planned.name} {self._label}, {name}: {seconds:.1f} s")
        if self._sweep:
            self._traces.sweep()
        return seconds


def _figure(
    subject: Subject, label: str, seconds: tuple[list[float], list[float]], target: float | None = None
) -> Figure:
    raydock, peer = seconds
    return Figure(
        what=f"{subject.planned.name}, built {label}, median of {len(raydock)}",
        unit="s",
        measured=median(raydock),
        peer=median(peer),
        peer_way="one `RUN pip install`",
        target=Target(Bound.FASTER, target) if target else None,
    )
