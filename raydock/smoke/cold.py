"""The check `cold`: how long a new container takes to be a Ray head that answers.

The head is the one of the probe's check `ray`, which runs first in a new container.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from raydock.contract.kuberay import known
from raydock.engine.container import ContainerOptions
from raydock.model.report import Check, Status
from raydock.probe.cluster import ANSWERS, HEAD, HEAD_PROBE
from raydock.smoke.probe_client import Answers

ID = "cold"
# The check of the probe that starts the head.
_RAY = "ray"


def measure(checks: Sequence[str], on_line: Callable[[str], None], run: Callable[..., Answers]) -> Answers:
    """Run checks of the probe in a new container, and add `cold` to its answers if it is one of `checks`.

    `run` gets the probe's checks, a function that reads the lines of its stderr, and the container's `options`.
    """
    if ID not in checks:
        return run(checks, on_line, options=_head())
    began, answered = time.monotonic(), list[float]()

    def read(line: str) -> None:
        if line.endswith(ANSWERS):  # the image's Python may print before it, on the same line
            answered.append(time.monotonic() - began)
        on_line(line)

    answers = run(list({_RAY: None, **dict.fromkeys(check for check in checks if check != ID)}), read, options=_head())
    return replace(answers, checks={**answers.checks, ID: _check(answered, answers.checks.get(_RAY))})


def _check(answered: Sequence[float], ray: Check | None) -> Check:
    """`answered`: after how many seconds the head answered, if it did; `ray`: the check that started it."""
    if not answered:
        detail = f"no Ray head answered: {ray.detail if ray else 'the probe did not start one'}"
        return Check(id=ID, status=Status.FAILED, detail=detail, seconds=ray.seconds if ray else 0.0)
    detail = f"{answered[0]:.1f} s from the container's start to a Ray head that answers"
    return Check(id=ID, status=Status.PASSED, detail=detail, seconds=round(answered[0], 3))


def _head() -> ContainerOptions:
    """A container in which the probe starts the head of the newest KubeRay.

    A bash with a trap, which a file of BASH_ENV may set, would not make way for `ray start`, and take its signals.
    """
    release = known().releases[-1]
    script = release.head.replace("ray start", "exec ray start")
    return ContainerOptions(environment={HEAD: json.dumps(release.command(script)), HEAD_PROBE: release.worker_probe})
