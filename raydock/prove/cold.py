"""How long a fresh container takes to be a Ray head that answers."""

import time

from docker import DockerClient
from docker.errors import APIError
from docker.models.containers import Container

from raydock.prove.container import Limits, created, start
from raydock.prove.report import Check, Status

ID = "cold"
# KubeRay's command for a head and its probe of a raylet (ray-operator v1.7.0, controllers/ray/common/pod.go).
HEAD = (
    "ulimit -n 65536; ray start --head --block --dashboard-agent-listen-port=52365 --dashboard-host=0.0.0.0"
    " --metrics-export-port=8080 --num-cpus=1 --memory=2000000000"
)
_HEALTH = "http://localhost:52365/api/local_raylet_healthz"
_AWAIT = f"until wget --tries 1 -T 2 -q -O- {_HEALTH} | grep -q success; do sleep 0.1; done"


def cold(client: DockerClient, image: str, limits: Limits) -> Check:
    """The seconds from asking the engine for a container to an answer of its raylet; failed past `limits.cold`."""
    began = time.monotonic()
    with created(client, image, ["/bin/bash", "-c", "--", HEAD], limits) as container:
        start(container)
        answered = _await(container, limits.cold)
        seconds = time.monotonic() - began
        detail = f"{seconds:.1f} s from the container's start to a Ray head that answers"
        if not answered:
            detail = f"no Ray head answers at {_HEALTH} within {limits.cold:g} s; {_last_words(container)}"
    status = Status.PASSED if answered else Status.FAILED
    return Check(id=ID, status=status, detail=detail, seconds=round(seconds, 3))


def _await(container: Container, seconds: float) -> bool:
    try:
        return bool(container.exec_run(["timeout", f"{seconds:g}", "sh", "-c", _AWAIT]).exit_code == 0)
    except APIError:  # the head has ended, and its container with it
        return False


def _last_words(container: Container) -> str:
    container.reload()
    state = container.attrs["State"]
    lines = container.logs(tail=1).decode("utf-8", "replace").strip()
    ended = "" if state["Running"] else f"the head ended with exit status {state['ExitCode']}; "
    return f"{ended}its last words: {lines or 'none'}"
