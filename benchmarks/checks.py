"""Plan, lock check, render check and fingerprints of a whole checkout in a separate process.

`python -m benchmarks.checks ROOT` prints the seconds of each as JSON. It uses no engine and no network.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import docker

from raydock.builder import render
from raydock.builder.basemaker import BaseImage
from raydock.builder.baserecipe import recipe_for
from raydock.builder.schedule import Builder
from raydock.builder.secrets import gather
from raydock.core.checkout import Checkout
from raydock.core.events import silent
from raydock.lock import stale
from raydock.model import labels
from raydock.model.image import ContainerImage
from raydock.model.labels import ImageLabels
from raydock.pipeline.project import Project


def main(root: Path) -> dict[str, float]:
    """Run the four steps and return their seconds. Raises AssertionError if a check fails."""
    project, seconds = Project(Checkout(root)), dict[str, float]()

    def timed(name: str, work: Callable[[], int]) -> None:
        began = time.monotonic()
        count = work()
        seconds[name] = time.monotonic() - began
        assert count == (0 if "check" in name else len(project.plan.variants)), (name, count)

    timed("plan", lambda: len(project.plan.variants))
    timed("lock check", lambda: len(stale.check(project.rule_inputs, project.checkout, project.variants)))
    timed("render check", lambda: len(render.outdated(project.checkout, project.dockerfiles(project.plan.variants))))
    timed("fingerprints", lambda: len(_fingerprints(project)))
    return seconds


def _fingerprints(project: Project) -> set[str]:
    client = docker.DockerClient(version="1.43")  # receives no requests
    checkout, matrix = project.checkout, project.matrix
    builder = Builder(client=client, checkout=checkout, matrix=matrix, secrets=gather(), listener=silent, jobs=1)
    fingerprints = set()
    for planned in project.plan.variants:
        ref = recipe_for(matrix, planned.variant, checkout).ref
        image_labels = ImageLabels(labels.of_base(recipe=ref, python=planned.variant.python))
        base = BaseImage(ref=ref, image=ContainerImage(content="", layers=(ref,), labels=image_labels))
        fingerprints.add(builder.recipe(planned, base).fingerprint)
    return fingerprints


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
