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
# What `timeout` of coreutils exits with where it ended the command.
_TIMED_OUT = 124
# What a command ends with that is killed together with its container.
_KILLED = 137
_HEALTH = "http://localhost:52365/api/local_raylet_healthz"
_AWAIT = f"until wget --tries 1 -T 2 -q -O- {_HEALTH} | grep -q success; do sleep 0.1; done"


def cold(client: DockerClient, image: str, limits: Limits) -> Check:
    """The seconds from asking the engine for a container to an answer of its raylet; failed past `limits.cold`."""
    began = time.monotonic()
    with created(client, image, ["/bin/bash", "-c", "--", HEAD], limits) as container:
        start(container)
        trouble = _await(container, limits.cold)
        seconds = time.monotonic() - began
        detail = f"{seconds:.1f} s from the container's start to a Ray head that answers"
        if trouble:
            detail = f"no Ray head answers at {_HEALTH}: {trouble}; {_last_words(container)}"
    status = Status.FAILED if trouble else Status.PASSED
    return Check(id=ID, status=status, detail=detail, seconds=round(seconds, 3))


def _await(container: Container, seconds: float) -> str:
    """Waits for the head's answer; returns what stood in its way, nothing where it came."""
    try:
        code, output = container.exec_run(["timeout", f"{seconds:g}", "sh", "-c", _AWAIT])
    except APIError:
        return "it has ended"
    if code == _KILLED:
        container.wait(timeout=10)
        return "it has ended"
    if code == _TIMED_OUT:
        return f"{seconds:g} s went by"
    words = output.decode("utf-8", "replace").strip().splitlines()
    return "" if code == 0 else f"the engine could not ask it ({words[-1] if words else f'exit status {code}'})"


def _last_words(container: Container) -> str:
    container.reload()
    state = container.attrs["State"]
    lines = container.logs(tail=1).decode("utf-8", "replace").strip()
    ended = "" if state["Running"] else f"the head ended with exit status {state['ExitCode']}; "
    return f"{ended}its last words: {lines or 'none'}"
