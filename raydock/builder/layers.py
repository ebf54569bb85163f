"""Layer groups: the packages of a lock that share one image layer.

A layer has the same packages in every variant, so that variants share it. The largest and most stable layers come
first. Ray comes last, so that a new Ray changes one layer. The packages that a group of matrix.yaml adds are on top, so
that the layers below are those of the variant without the group. Packages built from source have a separate layer, made
without uv's cache: uv would use a cached wheel that was built with different tools.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from raydock.compat import toolchain
from raydock.model.lock import Lock, Pin

# The names of layers, lowest first.
ORDER = ("cuda", "torch", "torch-packages", "source", "vllm-packages", "vllm", "ray-packages", "ray", "added")
_CUDA = re.compile(r"(nvidia|cuda)-.+")


@dataclass(frozen=True)
class Layer:
    """The packages of one layer.

    Attributes:
        name: the name of the layer.
        pins: the packages, in the order of the lock.
    """

    name: str
    pins: tuple[Pin, ...]

    @property
    def text(self) -> str:
        """Its part of the lock: requirements with hashes, and build requirements.

        The build requirements are comments.
        """
        return "".join((*(pin.requirement for pin in self.pins), *(f"# built with {line}\n" for line in self.build)))

    @property
    def build(self) -> tuple[str, ...]:
        """The build requirements of its packages, with hashes.

        Empty if all packages are wheels.
        """
        return tuple(dict.fromkeys(line for pin in self.pins for line in pin.build))


@lru_cache(maxsize=2_000)
def layers(lock: Lock, added: tuple[str, ...] = ()) -> tuple[Layer, ...]:
    """The layers of a lock, lowest first; every pin is in exactly one.

    added: the packages that a group of matrix.yaml adds.
    """
    needs = _requirements(lock.pins.values())
    torch, vllm = _closure("torch", needs) | _compiler(lock, needs), _closure("vllm", needs)
    added_only = _added_only(added, lock, needs)
    ray = lock.pins.keys() - torch - vllm - added_only | _closure("ray", needs)
    parts = {
        "source": {pin.name for pin in lock.pins.values() if pin.build},
        "cuda": {name for name in torch if _CUDA.fullmatch(name)},
        "torch": {"torch", "triton"} & torch,
        "ray": {"ray"},
        "vllm": {"vllm"} & vllm,
        "ray-packages": ray,
        "torch-packages": torch,
        "vllm-packages": vllm,
        "added": added_only,
    }
    part_of: dict[str, str] = {}
    for part, names in parts.items():
        for name in names:
            part_of.setdefault(name, part)
    pins_of: dict[str, list[Pin]] = {part: [] for part in ORDER}
    for pin in lock.pins.values():
        pins_of[part_of[pin.name]].append(pin)
    return tuple(Layer(part, tuple(pins)) for part, pins in pins_of.items() if pins)


def _compiler(lock: Lock, needs: dict[str, list[str]]) -> set[str]:
    """The packages of the CUDA compiler with their requirements.

    Empty if the lock does not have them and torch.
    """
    packages = toolchain.package_names()
    if "torch" not in lock.pins or not lock.pins.keys() >= set(packages):
        return set()
    return set().union(*(_closure(name, needs) for name in packages))


def _added_only(added: Collection[str], lock: Lock, needs: dict[str, list[str]]) -> set[str]:
    """The added packages, and the packages that only they require."""
    others = [pin.name for pin in lock.pins.values() if not pin.via and pin.name not in added]
    return lock.pins.keys() - set().union(*(_closure(root, needs) for root in others)) if added else set()


def _requirements(pins: Collection[Pin]) -> dict[str, list[str]]:
    """The requirements of each package, inverted from `via` of the pins."""
    needs: dict[str, list[str]] = {pin.name: [] for pin in pins}
    for pin in pins:
        for parent in pin.via:
            needs.setdefault(parent, []).append(pin.name)
    return needs


def _closure(root: str, needs: dict[str, list[str]]) -> set[str]:
    """A package with its direct and indirect requirements.

    Empty if it is not in the lock.
    """
    closure: set[str] = set()
    pending = [root] if root in needs else []
    while pending:
        name = pending.pop()
        if name not in closure:
            closure.add(name)
            pending += needs[name]
    return closure
