"""Clause 21: the changes of a derived image to its parent."""

import json
from typing import Any

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


def compare(bench: Bench) -> str:
    """An image that is built on one of raydock's keeps torch, ray, vllm, CUDA and HOME as they are.

    Returns the changes of packages and the added instructions.

    Raises BrokenError if a pinned package changed, or if user 1000 cannot write a folder of HOME.
    """
    parent, locked, installed, pinned, closed = _read_packages(bench)
    replaced = {name for name in locked.keys() & installed.keys() if locked[name] != installed[name]}
    removed = locked.keys() - installed.keys()
    changes = {
        "added": [f"{name} {installed[name]}" for name in sorted(installed.keys() - locked.keys())],
        "replaced": [f"{name} {locked[name]} by {installed[name]}" for name in sorted(replaced)],
        "removed": sorted(removed),
    }
    difference = f"against {parent}: {_describe(changes, _steps(bench))}"
    if moved := sorted((replaced | removed) & pinned.keys()):
        raise BrokenError(
            f"{_some(moved)} must not change ({difference}): torch, ray, vllm and CUDA's packages are"
            " compatible only in the locked versions"
        )
    if closed:
        raise BrokenError(
            f"user 1000 cannot write {_some(sorted(closed))} ({difference}): programs with a cache there fail, such as"
            " FlashInfer; remove it in the Dockerfile, in the instruction that creates it"
        )
    return difference


def _read_packages(bench: Bench) -> Any:
    """What _COMPARE writes: the parent's name; locked, installed and pinned packages; folders that are not writable.

    Raises NotCheckedError if the image is not raydock's, BrokenError if its Python does not run.
    """
    if not bench.image.fingerprint:
        raise NotCheckedError("the image is not built on an image of raydock")
    ended, text = bench.run_for_answer(["python", "-c", _COMPARE])
    require_success(ended, "reading the installed packages", "the image's Python or /opt/raydock is damaged")
    return json.loads(text)


def _describe(changes: dict[str, list[str]], steps: list[str]) -> str:
    parts = [f"{word} {_some(packages)}" for word, packages in changes.items() if packages]
    parts += [f"{len(steps)} instructions: {_some(steps, '; ')}"] if steps else []
    return "; ".join(parts) or "nothing changed"


def _steps(bench: Bench) -> list[str]:
    """The instructions after the parent's, in the order of the Dockerfile.

    They are from the engine's history.
    """
    newest_first = [str(entry.get("CreatedBy") or "") for entry in bench.client.api.history(bench.image.id)]
    steps = newest_first[: next((index for index, step in enumerate(newest_first) if _LAST in step), 0)]
    return [" ".join(step.split())[:80] for step in reversed(steps)]


def _some(values: list[str], separator: str = ", ") -> str:
    more = f" and {len(values) - _MOST} more" if len(values) > _MOST else ""
    return separator.join(values[:_MOST]) + more
