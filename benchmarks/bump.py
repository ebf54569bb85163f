"""A new Ray in the torch image: seconds and bytes from the changed lock to the registry."""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks import scratch
from benchmarks.bench import ROOT, Setting
from benchmarks.engine import REPOSITORY, swept
from benchmarks.figure import Bound, Figure, Target
from benchmarks.registry import Layer, Registry, registry
from benchmarks.ways import Subject, ours, usual, usual_base, usual_fill
from raydock.core.checkout import Checkout
from raydock.lock import locker
from raydock.pipeline.project import Project

# Two releases that ask for the same packages: what moves is Ray alone.
OLD, NEW = "2.58.0", "2.58.1"
AXES = {"python": ["3.11"], "cuda": ["13.0"], "torch": ["2.13.0"], "vllm": ["none"]}
MB = 1e6


def run(setting: Setting, axes: Mapping[str, Sequence[str]] = AXES) -> list[Figure]:
    """Each way in turn, with a registry and caches of its own: the old Ray's image is made and pushed, then the new
    one's is timed. The new Ray's wheel is in no cache, the others are."""
    project = scratch.project(setting.folder / "checkout", {**axes, "ray": [OLD, NEW]})
    _lock(project)
    old, new = (
        Subject(client=setting.client, project=project, item=item, folder=setting.folder / item.name)
        for item in project.plan.variants
    )
    setting.tell(f"raydock's way: {old.item.name} is built and pushed, then {new.item.name}")
    mine, before, after = _ours(setting, old, new)
    setting.tell(f"{mine.seconds:.1f} s; the usual way: the same")
    theirs = _usual(setting, old, new)
    ray = next(layer.size for layer in after if layer.name == "ray")
    moved = [new for new, old in zip(after, before, strict=True) if new.digest != old.digest]
    setting.detail.update(
        {
            "old": OLD,
            "new": NEW,
            "layers": [{"name": layer.name, "bytes": layer.size, "moved": layer in moved} for layer in after],
        }
    )
    return _figures(new.item.name, mine, theirs, ray, moved)


@dataclass(frozen=True)
class Moved:
    """What one way took from the changed lock to the registry: seconds, and bytes that the registry lacked."""

    seconds: float
    bytes: int


def _figures(name: str, mine: Moved, theirs: Moved, ray: int, moved: list[Layer]) -> list[Figure]:
    others = sum(layer.name != "ray" and layer.size > 64 * 1024 for layer in moved)
    return [
        Figure(
            what=f"{name} after {OLD}, build and push",
            unit="s",
            measured=mine.seconds,
            peer=theirs.seconds,
            peer_way="one `RUN pip install`",
            target=Target(Bound.FASTER, 15),
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
            what="bytes pushed, against the usual way's",
            unit="MB",
            measured=mine.bytes / MB,
            peer=theirs.bytes / MB,
            peer_way="one `RUN pip install`",
        ),
        Figure(
            what="layers with packages that moved besides Ray's",
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


def _ours(setting: Setting, old: Subject, new: Subject) -> tuple[Moved, tuple[Layer, ...], tuple[Layer, ...]]:
    cache, epoch = f"{REPOSITORY}-uv-bump", int(time.time())
    with swept(setting.client), registry(setting.folder, setting.tools) as store:
        ours(old, f"{REPOSITORY}:old", cache=cache, epoch=epoch)
        before = store.push(setting.client, f"{REPOSITORY}:old", "old")
        held, began = store.bytes, time.monotonic()
        ours(new, f"{REPOSITORY}:new", cache=cache, epoch=epoch)
        after = _push_new(setting, store)
        return Moved(time.monotonic() - began, store.bytes - held), before, after


def _usual(setting: Setting, old: Subject, new: Subject) -> Moved:
    """The usual images share their base alone, so pushing that stands for pushing the old image."""
    cache = f"{REPOSITORY}-pip-bump"
    with swept(setting.client), registry(setting.folder, setting.tools) as store:
        usual_fill(old, cache=cache)
        store.push(setting.client, usual_base(new), "base")
        held, began = store.bytes, time.monotonic()
        usual(new, f"{REPOSITORY}:new", cache=cache)
        _push_new(setting, store)
        return Moved(time.monotonic() - began, store.bytes - held)


def _push_new(setting: Setting, store: Registry) -> tuple[Layer, ...]:
    return store.push(setting.client, f"{REPOSITORY}:new", "new")
