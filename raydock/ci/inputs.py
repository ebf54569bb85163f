"""What decides each variant's image, as far as a checkout says: its recipe, with its base's recipe for the base itself.

    python -m raydock.ci.inputs FOLDER

prints it as JSON for another checkout, by that one's own code where that comes first on Python's path.
"""

import hashlib
import json
import sys
from pathlib import Path

from raydock.builder.baserecipe import group_debs, recipe_for
from raydock.builder.layers import layers
from raydock.builder.recipe import Context, Recipe
from raydock.core.checkout import Checkout
from raydock.core.errors import RaydockError
from raydock.model import lock as locks
from raydock.pipeline.project import Project
from raydock.plan.planner import Planned

Inputs = dict[str, dict[str, str]]
_WORDS = {"dockerfile": "Dockerfile", "lock_sha256": "lock", "epoch": "cut-off day"}


def inputs(project: Project) -> Inputs:
    """The parts of each variant's recipe by the variant's name; the files of its build context by their path.

    A variant without a lock has no recipe, and `lock` is empty. Raises ConfigurationError for a file that is wrong.
    """
    locked = tuple(item for item in project.plan.variants if _is_locked(project, item))
    context, dockerfiles = Context.read(project.checkout.templates), project.dockerfiles(locked)
    uv = {"uv": _uv(project.checkout)}
    unlocked = {item.name: {"lock": ""} for item in project.plan.variants}
    return unlocked | {
        item.name: _parts(_recipe(project, item, context, dockerfiles[item.name])) | uv for item in locked
    }


def _is_locked(project: Project, item: Planned) -> bool:
    try:
        recipe_for(project.matrix, item.variant, project.checkout)
        group_debs(project.matrix, item.variant, project.checkout)
    except RaydockError:
        return False
    return project.checkout.lock(item.name).exists()


def _recipe(project: Project, item: Planned, context: Context, dockerfile: str) -> Recipe:
    lock = locks.load(project.checkout.lock(item.name))
    return Recipe(
        name=item.name,
        dockerfile=dockerfile,
        files=context.files(item, lock, layers(lock), group_debs(project.matrix, item.variant, project.checkout)),
        lock_sha256=lock.sha256,
        base=recipe_for(project.matrix, item.variant, project.checkout).digest,
        python=item.variant.python,
        platform=f"linux/{item.variant.arch}",
        epoch=project.matrix.epoch,
    )


def _parts(recipe: Recipe) -> dict[str, str]:
    """A recipe's fields, with the files of its context each by its path, and all that is long by its sha256."""
    fields = {name: value for name, value in vars(recipe).items() if name not in {"name", "files", "python"}}
    return {
        **{_WORDS.get(name, name): str(value) for name, value in fields.items()},
        "Dockerfile": hashlib.sha256(recipe.dockerfile.encode()).hexdigest(),
        **{path: hashlib.sha256(data).hexdigest() for path, data in recipe.files.items()},
    }


def _uv(checkout: Checkout) -> str:
    """The uv that this checkout pins, which need not be installed here; empty where it pins none."""
    pins = checkout.root / "requirements.txt"
    return (locks.parse(pins.read_text(encoding="utf-8")).version("uv") or "") if pins.exists() else ""


if __name__ == "__main__":
    print(json.dumps(inputs(Project(Checkout(Path(sys.argv[1]))))))
