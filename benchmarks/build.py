"""Duration of a build, compared with uv's Dockerfile and with pip's."""

import time
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from statistics import median

from benchmarks import limits
from benchmarks.bench import CPU, TORCH, Setting
from benchmarks.engine import REPOSITORY, Traces, swept
from benchmarks.figure import Bound, Figure, Reference, Target
from benchmarks.limits import Rates
from benchmarks.ways import PIP, UV, Peer, Subject, ours, usual, usual_base
from raydock.model import lock as locks

RAYDOCK = "raydock"


def cpu(setting: Setting) -> list[Figure]:
    """Measure the cpu image with empty and with filled package caches; no layer is reused."""
    subject = Subject.find(setting.client, setting.project, CPU, setting.folder / "cpu")
    with swept(setting.client) as traces:
        usual_base(subject)
        race = _Race(setting, traces, subject)
        cold = race.run("cold", lambda number: f"cold{number}")
        warm = race.run("warm", lambda _: "cold0")
        return [race.figure("cold", cold, 1.5), race.figure("warm", warm, 3)]


def torch(setting: Setting) -> list[Figure]:
    """Measure the torch image with empty (once) and with filled package caches; no layer is reused."""
    subject = Subject.find(setting.client, setting.project, TORCH, setting.folder / "torch")
    with swept(setting.client) as traces:
        usual_base(subject)
        race = _Race(setting, traces, subject, sweep=True)
        cold = race.run("cold", lambda _: "torch", runs=1)
        warm = race.run("warm", lambda _: "torch")
        return [race.figure("cold", cold, 1.5), race.figure("warm", warm, 2.5)]


def _ours(subject: Subject, tag: str, cache: str) -> float:
    return ours(subject, tag, cache=f"{REPOSITORY}-raydock-{cache}", epoch=int(time.time()))


def _peer(peer: Peer, subject: Subject, tag: str, cache: str) -> float:
    return usual(subject, peer, tag, cache=f"{REPOSITORY}-{peer.name}-{cache}")


WAYS: Mapping[str, Callable[[Subject, str, str], float]] = {
    RAYDOCK: _ours,
    UV.name: partial(_peer, UV),
    PIP.name: partial(_peer, PIP),
}


class _Race:
    """Runs of all ways in turn, so that other load on the machine affects all.

    With `sweep`, the results of a run are removed before the next run. ext4 skips inodes that were deleted in the last
    minutes (recently_deleted in fs/ext4/ialloc.c), so a run after a sweep creates files more slowly.
    """

    def __init__(self, setting: Setting, traces: Traces, subject: Subject, *, sweep: bool = False) -> None:
        self._setting, self._traces, self._subject, self._sweep = setting, traces, subject, sweep
        self._lock = locks.load(subject.checkout.lock(subject.planned.name))
        self._unpacked = 0

    def run(self, label: str, cache: Callable[[int], str], *, runs: int | None = None) -> dict[str, list[float]]:
        """The seconds of each way's runs; `cache` names the package cache of each run."""
        seconds: dict[str, list[float]] = {name: [] for name in WAYS}
        for number in range(runs or self._setting.runs):
            for name in WAYS:
                seconds[name].append(self._build(name, f"{label}{number}", cache(number)))
        self._setting.detail[f"{self._subject.planned.name} {label}"] = seconds
        return seconds

    def figure(self, label: str, seconds: Mapping[str, list[float]], target: float) -> Figure:
        """The figure of runs."""
        return Figure(
            what=f"{self._subject.planned.name}, built {label}, median of {len(seconds[RAYDOCK])}",
            unit="s",
            measured=median(seconds[RAYDOCK]),
            peer=median(seconds[UV.name]),
            peer_way=UV.way,
            second=Reference(value=median(seconds[PIP.name]), how=PIP.way),
            limit=self._limit(cold=label == "cold"),
            target=Target(Bound.FASTER, target),
        )

    def _limit(self, *, cold: bool) -> Reference:
        downloaded = int(self._lock.header["download-bytes"]) if cold else 0
        return self._rates.limit(downloaded=downloaded, unpacked=self._unpacked)

    @cached_property
    def _rates(self) -> Rates:
        """What this machine does right after the runs."""
        return limits.measure(self._setting.folder, self._lock)

    def _build(self, name: str, label: str, cache: str) -> float:
        tag = f"{REPOSITORY}:{name}-{label}"
        seconds = WAYS[name](self._subject, tag, cache)
        self._setting.progress(f"{self._subject.planned.name} {label}, {name}: {seconds:.1f} s")
        if name == RAYDOCK:
            self._unpacked = self._size(tag) - self._size(self._subject.base.ref)
        if self._sweep:
            self._traces.sweep()
        return seconds

    def _size(self, tag: str) -> int:
        """The unpacked bytes of an image; with containerd's store, the compressed ones."""
        return int(self._setting.client.images.get(tag).attrs["Size"])
