"""Images that are not for KubeRay (`kuberay: false` in matrix.yaml), so that dashboard or Serve may be lacking."""

import time
from collections.abc import Callable, Collection

from docker import DockerClient

from raydock.engine.container import Limits, create_container, run_to_end
from raydock.engine.streams import last_line
from raydock.model.labels import Label
from raydock.model.report import Check, Status
from raydock.smoke import outside_checks

_WHY = f"the image is not for KubeRay ({Label.KUBERAY} is false)"
_SKIPPED = {
    "imports": "this imports ray.serve and ray.job_submission",
    outside_checks.ID: "this asks the agent that comes with the dashboard",
}
_RAY = "ray"
# The probe's own driver, on a head without a dashboard.
_SCRIPT = """
ray start --head --num-cpus=1 --include-dashboard=false --disable-usage-stats >&2
RAYDOCK_ANSWER=/tmp/answer.json python /opt/raydock/probe/driver.py 127.0.0.1:6379
ray stop >&2
"""


def checks(
    client: DockerClient, image: str, wanted: Collection[str], on_line: Callable[[str], None], limits: Limits
) -> dict[str, Check]:
    """Of the checks wanted, those that the probe would ask of the dashboard or of Serve: skipped with the reason, and a
    task and an actor on a head without either."""
    found = {
        name: Check(id=name, status=Status.SKIPPED, detail=f"{_WHY}, and {reason}", seconds=0.0)
        for name, reason in _SKIPPED.items()
        if name in wanted
    }
    return found | ({_RAY: _ray(client, image, on_line, limits)} if _RAY in wanted else {})


def _ray(client: DockerClient, image: str, on_line: Callable[[str], None], limits: Limits) -> Check:
    began = time.monotonic()
    with create_container(client, image, ["/bin/bash", "-ec", _SCRIPT], limits) as container:
        ended = run_to_end(container, on_line, limits.probe)
    passed = ended.in_time and ended.status == 0
    detail = f"a head without a dashboard, a task and an actor ran, stopped; {_WHY}"
    if not passed:
        said = last_line(ended.err, ended.out) or "nothing"
        detail = f"no task and no actor on a head without a dashboard: exit status {ended.status}, it said: {said}"
    status = Status.PASSED if passed else Status.FAILED
    return Check(id=_RAY, status=status, detail=detail, seconds=round(time.monotonic() - began, 3))
