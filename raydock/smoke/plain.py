"""Images that are not for KubeRay: dashboard or Serve may be missing.

They have `kuberay: false` in matrix.yaml.
"""

import time
from collections.abc import Callable, Collection
from pathlib import Path

from docker import DockerClient

from raydock.engine.container import Limits, create_container, run_to_end
from raydock.engine.streams import last_line
from raydock.model.labels import Label
from raydock.model.report import Check, Status
from raydock.smoke import cold

_WHY = f"the image is not for KubeRay ({Label.KUBERAY} is false)"
_SKIPPED = {
    "imports": "this check imports ray.serve and ray.job_submission",
    cold.ID: "this needs the dashboard's agent",
}
_RAY = "ray"
_SCRIPT = Path(__file__).with_name("plain.sh").read_text(encoding="utf-8")


def checks(
    client: DockerClient, image: str, requested: Collection[str], on_line: Callable[[str], None], limits: Limits
) -> dict[str, Check]:
    """The results of the requested checks that need the dashboard or Serve.

    They are skipped with the reason, except `ray`, which runs a task and an actor on a head without either.
    """
    skipped = {
        name: Check(id=name, status=Status.SKIPPED, detail=f"{_WHY}, and {reason}", seconds=0.0)
        for name, reason in _SKIPPED.items()
        if name in requested
    }
    return skipped | ({_RAY: _check_ray(client, image, on_line, limits)} if _RAY in requested else {})


def _check_ray(client: DockerClient, image: str, on_line: Callable[[str], None], limits: Limits) -> Check:
    began = time.monotonic()
    with create_container(client, image, ["/bin/bash", "-ec", _SCRIPT], limits) as container:
        ended = run_to_end(container, on_line, limits.probe)
    passed = ended.in_time and ended.status == 0
    detail = f"a head without a dashboard, a task and an actor ran, stopped; {_WHY}"
    if not passed:
        line = last_line(ended.err, ended.out) or "no output"
        detail = f"no task and no actor on a head without a dashboard: exit status {ended.status}, {line}"
    status = Status.PASSED if passed else Status.FAILED
    return Check(id=_RAY, status=status, detail=detail, seconds=round(time.monotonic() - began, 3))
