"""Clause 21: the changes of a derived image to its parent."""

import json
from dataclasses import dataclass

from raydock.contract.answer import BrokenError, NotCheckedError
from raydock.contract.bench import Bench, require_success
from raydock.engine import channel
from raydock.model.labels import Label

# The image's Python compares the installed packages with the lock, and finds folders that user 1000 cannot write.
_COMPARE = f"""
import importlib.metadata, json, os, re, site
image = json.load(open("/opt/raydock/image.json"))
pinned = dict(re.findall(r"^([\\w-]+)==(\\S+)", open("/opt/raydock/constraints.txt").read(), re.M))
installed = {{}}
for package in importlib.metadata.distributions(path=site.getsitepackages()):
    installed.setdefault(re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower(), package.version)
closed = [os.path.join(folder, name) for folder, names, _ in os.walk("/home/ray")
          for name in names if not os.access(os.path.join(folder, name), os.W_OK)]
json.dump([image["name"], image["packages"], installed, pinned, closed], open({channel.PATH!r}, "w"))
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
        packages = {"added": self.added, "replaced": self.replaced, "removed": self.removed}
        parts = [f"{word} {_some(values)}" for word, values in packages.items() if values]
        parts += [f"{len(self.steps)} instructions: {_some(self.steps, '; ')}"] if self.steps else []
        return f"against {self.parent}: {'; '.join(parts) or 'nothing changed'}"


def compare(bench: Bench) -> str:
    """Report the changes.

    Raises BrokenError if a pinned package changed, or if user 1000 cannot write a folder of HOME.
    """
    difference = _difference(bench)
    if difference.moved:
        raise BrokenError(
            f"{_some(difference.moved)} must not change ({difference}): torch, ray, vllm and CUDA's packages are"
            " compatible only in the locked versions"
        )
    if difference.closed:
        raise BrokenError(
            f"user 1000 cannot write {_some(difference.closed)} ({difference}): programs with a cache there fail, such"
            " as FlashInfer; remove it in the Dockerfile, in the instruction that creates it"
        )
    return str(difference)


def _difference(bench: Bench) -> ImageDifference:
    if not bench.image.fingerprint:
        raise NotCheckedError("the image is not built on an image of raydock")
    ended, text = bench.run_for_answer(["python", "-c", _COMPARE])
    require_success(ended, "reading the installed packages", "the image's Python or /opt/raydock is damaged")
    parent, locked, installed, pinned, closed = json.loads(text)
    changed = {name for name in locked.keys() & installed.keys() if locked[name] != installed[name]}
    removed = locked.keys() - installed.keys()
    return ImageDifference(
        parent=parent,
        added=tuple(f"{name} {installed[name]}" for name in sorted(installed.keys() - locked.keys())),
        replaced=tuple(f"{name} {locked[name]} by {installed[name]}" for name in sorted(changed)),
        removed=tuple(sorted(removed)),
        moved=tuple(sorted((changed | removed) & pinned.keys())),
        closed=tuple(sorted(closed)),
        steps=_steps(bench),
    )


def _steps(bench: Bench) -> tuple[str, ...]:
    """The instructions after the parent's, in the order of the Dockerfile.

    They are from the engine's history.
    """
    newest_first = [str(entry.get("CreatedBy") or "") for entry in bench.client.api.history(bench.image.id)]
    steps = newest_first[: next((index for index, step in enumerate(newest_first) if _LAST in step), 0)]
    return tuple(" ".join(step.split())[:80] for step in reversed(steps))


def _some(values: tuple[str, ...], separator: str = ", ") -> str:
    more = f" and {len(values) - _MOST} more" if len(values) > _MOST else ""
    return separator.join(values[:_MOST]) + more
