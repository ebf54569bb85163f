"""Layer groups: which packages of a lock share one image layer.

A layer holds the same packages whatever the variant, so that variants share it; the steadiest and biggest come first
and Ray comes last, so that a new Ray moves one layer. What a group of matrix.yaml adds lies on top of that, so that all
below is the layers of the variant without it. What is built from source has a layer of its own, made without
uv's cache: there, the same file built with other tools would pass for the same.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from raydock.compat import toolchain
from raydock.model.lock import Lock, Pin

_CUDA = re.compile(r"(nvidia|cuda)-.+")


@dataclass(frozen=True)
class Layer:
    """The packages of one layer, in the lock's order."""

    name: str
    pins: tuple[Pin, ...]

    @property
    def text(self) -> str:
        """Its part of the lock, as requirements with hashes; of the comments, only what packages are built with."""
        return "".join((*(pin.requirement for pin in self.pins), *(f"# built with {line}\n" for line in self.build)))

    @property
    def build(self) -> tuple[str, ...]:
        """What its packages are built with, as requirements with hashes; nothing where all are wheels."""
        return tuple(dict.fromkeys(line for pin in self.pins for line in pin.build))


@lru_cache(maxsize=2_000)
def layers(lock: Lock, added: tuple[str, ...] = ()) -> tuple[Layer, ...]:
    """The layers of a lock to which a group added some packages, lowest first; every pin is in exactly one."""
    needs = _requirements(lock.pins.values())
    torch, vllm = _closure("torch", needs) | _compiler(lock, needs), _closure("vllm", needs)
    alone = _alone(added, lock, needs)
    ray = lock.pins.keys() - torch - vllm - alone | _closure("ray", needs)
    parts = {
        "source": {pin.name for pin in lock.pins.values() if pin.build},
        "cuda": {name for name in torch if _CUDA.fullmatch(name)},
        "torch": {"torch", "triton"} & torch,
        "ray": {"ray"},
        "vllm": {"vllm"} & vllm,
        "ray-packages": ray,
        "torch-packages": torch,
        "vllm-packages": vllm,
        "added": alone,
    }
    home: dict[str, str] = {}
    for part, names in parts.items():
        for name in names:
            home.setdefault(name, part)
    order = ("cuda", "torch", "torch-packages", "source", "vllm-packages", "vllm", "ray-packages", "ray", "added")
    found: dict[str, list[Pin]] = {part: [] for part in order}
    for pin in lock.pins.values():
        found[home[pin.name]].append(pin)
    return tuple(Layer(part, tuple(pins)) for part, pins in found.items() if pins)


def _compiler(lock: Lock, needs: dict[str, list[str]]) -> set[str]:
    """The packages of the CUDA compiler and all that they require; nothing if the lock has none next to torch."""
    packages = toolchain.known().packages
    if "torch" not in lock.pins or not lock.pins.keys() >= set(packages):
        return set()
    return set().union(*(_closure(name, needs) for name in packages))


def _alone(added: Collection[str], lock: Lock, needs: dict[str, list[str]]) -> set[str]:
    """The added packages and all that nothing but them requires."""
    others = [pin.name for pin in lock.pins.values() if not pin.via and pin.name not in added]
    return lock.pins.keys() - set().union(*(_closure(root, needs) for root in others)) if added else set()


def _requirements(pins: Collection[Pin]) -> dict[str, list[str]]:
    """What each package requires, turned around from who asked for each."""
    needs: dict[str, list[str]] = {pin.name: [] for pin in pins}
    for pin in pins:
        for parent in pin.via:
            needs.setdefault(parent, []).append(pin.name)
    return needs


def _closure(root: str, needs: dict[str, list[str]]) -> set[str]:
    """A package and all that it requires, however far; nothing where it is not in the lock."""
    found: set[str] = set()
    waiting = [root] if root in needs else []
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needs[name]
    return found
