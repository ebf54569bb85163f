"""Clause 21: what an image that was built on one of raydock's changed against its parent."""

import json
from dataclasses import dataclass

from raydock.contract.answer import BrokenError, UnaskedError
from raydock.contract.bench import Bench, require
from raydock.engine import channel
from raydock.model.labels import Label

# The image's Python compares what is installed with the lock, and looks for what user 1000 cannot write.
_COMPARE = f"""
import importlib.metadata, json, os, re, site
image = json.load(open("/opt/raydock/image.json"))
pinned = dict(re.findall(r"^([\\w-]+)==(\\S+)", open("/opt/raydock/constraints.txt").read(), re.M))
found = {{}}
for package in importlib.metadata.distributions(path=site.getsitepackages()):
    found.setdefault(re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower(), package.version)
closed = [os.path.join(folder, name) for folder, names, _ in os.walk("/home/ray")
          for name in names if not os.access(os.path.join(folder, name), os.W_OK)]
json.dump([image["name"], image["packages"], found, pinned, closed], open({channel.PATH!r}, "w"))
"""
# In the last instruction of templates/metadata.j2.
_LAST = f"{Label.MIN_DRIVER}="
_MOST = 8


@dataclass(frozen=True, kw_only=True)
class ImageDifference:
    """What an image changed.

    Attributes:
        parent: the name of the variant on which it was built.
        added: packages that the parent does not have, with versions.
        replaced: packages of a different version than the parent's, with both versions.
        removed: packages of the parent that it does not have.
        moved: those of the last two that constraints.txt pins.
        closed: folders in HOME that user 1000 cannot write.
        steps: the instructions of its Dockerfile.
    """

    parent: str
    added: tuple[str, ...]
    replaced: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[str, ...]
    closed: tuple[str, ...]
    steps: tuple[str, ...]

    def __str__(self) -> str:
        parts = [f"{word} {_some(values)}" for word, values in self._packages if values]
        parts += [f"{len(self.steps)} instructions: {_some(self.steps, '; ')}"] if self.steps else []
        return f"against {self.parent}: {'; '.join(parts) or 'nothing changed'}"

    @property
    def _packages(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return ("added", self.added), ("replaced", self.replaced), ("removed", self.removed)


def compare(bench: Bench) -> str:
    """Reports what changed.

    Raises BrokenError if a pinned package moved or a folder of HOME is closed.
    """
    difference = _difference(bench)
    if difference.moved:
        raise BrokenError(
            f"{_some(difference.moved)} must not change ({difference}): torch, ray, vllm and CUDA's packages fit each"
            " other only in the locked versions"
        )
    if difference.closed:
        raise BrokenError(
            f"user 1000 cannot write {_some(difference.closed)} ({difference}): what keeps a cache there fails, such as"
            " FlashInfer; remove it in the Dockerfile, in the step that makes it"
        )
    return str(difference)


def _difference(bench: Bench) -> ImageDifference:
    if not bench.image.fingerprint:
        raise UnaskedError("the image is not built on one of raydock's")
    reply = bench.ask(["python", "-c", _COMPARE])
    require(reply.ended, "reading the installed packages", "the image's Python or /opt/raydock is damaged")
    parent, locked, found, pinned, closed = json.loads(reply.text)
    changed = {name for name in locked.keys() & found.keys() if locked[name] != found[name]}
    removed = locked.keys() - found.keys()
    return ImageDifference(
        parent=parent,
        added=tuple(f"{name} {found[name]}" for name in sorted(found.keys() - locked.keys())),
        replaced=tuple(f"{name} {locked[name]} by {found[name]}" for name in sorted(changed)),
        removed=tuple(sorted(removed)),
        moved=tuple(sorted((changed | removed) & pinned.keys())),
        closed=tuple(sorted(closed)),
        steps=_steps(bench),
    )


def _steps(bench: Bench) -> tuple[str, ...]:
    """The instructions after the parent's, the first one first, as the engine's history has them."""
    newest_first = [str(entry.get("CreatedBy") or "") for entry in bench.client.api.history(bench.image.id)]
    steps = newest_first[: next((at for at, step in enumerate(newest_first) if _LAST in step), 0)]
    return tuple(" ".join(step.split())[:80] for step in reversed(steps))


def _some(values: tuple[str, ...], separator: str = ", ") -> str:
    more = f" and {len(values) - _MOST} more" if len(values) > _MOST else ""
    return separator.join(values[:_MOST]) + more
