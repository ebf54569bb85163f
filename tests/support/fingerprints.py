"""The fingerprints of a checkout's variants, and what differs from its last commit.

    python tests/support/fingerprints.py

prints both for the current folder as JSON, by the code of the raydock that comes first on Python's path.
"""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from raydock.builder import recipe
from raydock.builder.baserecipe import recipe_for
from raydock.builder.schedule import Builder
from raydock.ci.changes import since
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError
from raydock.model import lock as locks
from raydock.pipeline.project import Project
from raydock.plan.planner import Planned


def answer(root: Path) -> dict[str, dict[str, str]]:
    """`fingerprints` and `changes` by the names of variants.

    The bases' fingerprints are those of their recipes, since there is no engine. uv is the one that requirements.txt
    pins, installed or not.
    """
    project = Project(Checkout(root))
    pinned = locks.load(root / "requirements.txt").version("uv")
    with patch.object(recipe, "_uv", lambda: pinned):
        prints = _fingerprints(project)
    return {"fingerprints": prints, "changes": {change.name: change.what for change in since(project, "HEAD").changes}}


def _fingerprints(project: Project) -> dict[str, str]:
    unused: Any = None
    builder = Builder(
        client=unused, checkout=project.checkout, matrix=project.matrix, secrets=unused, listener=unused, jobs=1
    )

    def fingerprint(planned: Planned) -> str:
        try:
            digest = recipe_for(project.matrix, planned.variant, project.checkout).digest
            base: Any = SimpleNamespace(ref="", fingerprint=digest, python="3.11.2")
            return builder.recipe(planned, base).fingerprint
        except ConfigurationError as error:
            return f"none: {error.what}"

    return {planned.name: fingerprint(planned) for planned in project.plan.variants}


if __name__ == "__main__":
    print(json.dumps(answer(Path.cwd())))
