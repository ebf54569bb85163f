"""A new Ray in the torch image: seconds and bytes from the changed lock to the pushed image."""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks import scratch
from benchmarks.bench import ROOT, Setting
from benchmarks.engine import REPOSITORY, swept
from benchmarks.figure import Bound, Figure, Reference, Target
from benchmarks.registry import Layer, Registry, registry
from benchmarks.ways import PIP, UV, Peer, Subject, ours, usual, usual_base, usual_fill
from raydock.core.checkout import Checkout
from raydock.lock import locker
from raydock.pipeline.project import Project

# Two releases that require the same packages, so that only Ray changes.
OLD, NEW = "2.58.0", "2.58.1"
AXES = {"python": ["3.11"], "cuda": ["13.0"], "torch": ["2.13.0"], "vllm": ["none"]}
MB = 1e6


def run(setting: Setting, axes: Mapping[str, Sequence[str]] = AXES) -> list[Figure]:
    """Measure each way in turn, with its own registry and caches.

    The image with the old Ray is built and pushed, then the image with the new Ray is timed. All wheels except the new
    Ray's are in the caches.
    """
    project = scratch.project(setting.folder / "checkout", {**axes, "ray": [OLD, NEW]})
    _lock(project)
    old, new = (
        Subject(client=setting.client, project=project, planned=planned, folder=setting.folder / planned.name)
        for planned in project.plan.variants
    )
    setting.progress(f"raydock's way: {old.planned.name} is built and pushed, then {new.planned.name}")
    mine, before, after = _ours(setting, old, new)
    theirs = {}
    for peer in (UV, PIP):
        setting.progress(f"now {peer.way}")
        theirs[peer.name] = _usual(setting, peer, old, new)
    ray = next(layer.size for layer in after if layer.name == "ray")
    changed = [new for new, old in zip(after, before, strict=True) if new.digest != old.digest]
    setting.detail.update(
        {
            "old": OLD,
            "new": NEW,
            "layers": [{"name": layer.name, "bytes": layer.size, "moved": layer in changed} for layer in after],
        }
    )
    return _figures(new.planned.name, {"raydock": mine, **theirs}, ray, changed)


@dataclass(frozen=True)
class Update:
    """Cost of one way from the changed lock to the pushed image.

    Attributes:
        seconds: the time for build and push.
        bytes: the bytes that the registry did not have.
    """

    seconds: float
    bytes: int


def _figures(name: str, updates: Mapping[str, Update], ray: int, changed: list[Layer]) -> list[Figure]:
    mine, uv, pip = updates["raydock"], updates[UV.name], updates[PIP.name]
    others = sum(layer.name != "ray" and layer.size > 64 * 1024 for layer in changed)
    return [
        Figure(
            what=f"{name} after {OLD}, build and push",
            unit="s",
            measured=mine.seconds,
            peer=uv.seconds,
            peer_way=UV.way,
            second=Reference(value=pip.seconds, how=PIP.way),
            target=Target(Bound.FASTER, 5),
        ),
        Figure(
            what="bytes pushed, against Ray's own layer",
            unit="MB",
            measured=mine.bytes / MB,
            peer=ray / MB,
            peer_way="Ray's layer",
            target=Target(Bound.OF_PEER, 1.15),
        ),
        Figure(
            what="bytes pushed, against other ways",
            unit="MB",
            measured=mine.bytes / MB,
            peer=uv.bytes / MB,
            peer_way=UV.way,
            second=Reference(value=pip.bytes / MB, how=PIP.way),
        ),
        Figure(
            what="changed layers with packages, except Ray's",
            unit="layers",
            measured=others,
            target=Target(Bound.AT_MOST, 0),
        ),
    ]


def _lock(project: Project) -> None:
    checkout = project.checkout
    shutil.copy(Checkout(ROOT).facts, checkout.facts)
    for outcome in locker.lock(project.rule_inputs, checkout, project.variants, siblings=project.variants, jobs=2):
        if outcome.error:
            raise outcome.error


def _ours(setting: Setting, old: Subject, new: Subject) -> tuple[Update, tuple[Layer, ...], tuple[Layer, ...]]:
    cache, epoch = f"{REPOSITORY}-uv-bump", int(time.time())
    with swept(setting.client), registry(setting.folder, setting.tools) as store:
        ours(old, f"{REPOSITORY}:old", cache=cache, epoch=epoch)
        before = store.push(setting.client, f"{REPOSITORY}:old", "old")
        bytes_before, began = store.bytes, time.monotonic()
        ours(new, f"{REPOSITORY}:new", cache=cache, epoch=epoch)
        after = _push_new(setting, store)
        return Update(time.monotonic() - began, store.bytes - bytes_before), before, after


def _usual(setting: Setting, peer: Peer, old: Subject, new: Subject) -> Update:
    """Measure a peer. Its images share only their base, so only the base is pushed before."""
    cache = f"{REPOSITORY}-{peer.name}-bump"
    with swept(setting.client), registry(setting.folder, setting.tools) as store:
        usual_fill(old, peer, cache=cache)
        store.push(setting.client, usual_base(new), "base")
        bytes_before, began = store.bytes, time.monotonic()
        usual(new, peer, f"{REPOSITORY}:new", cache=cache)
        _push_new(setting, store)
        return Update(time.monotonic() - began, store.bytes - bytes_before)


def _push_new(setting: Setting, store: Registry) -> tuple[Layer, ...]:
    return store.push(setting.client, f"{REPOSITORY}:new", "new")
