"""The check `cold`: how long a new container takes to be a Ray head that answers."""

import time

from docker import DockerClient

from raydock.contract.kuberay import known
from raydock.contract.ray_node import await_answer, describe_end
from raydock.engine.container import Limits, create_container, start
from raydock.model.report import Check, Status

ID = "cold"


def cold(client: DockerClient, image: str, limits: Limits) -> Check:
    """Measure the seconds from a container's creation to its raylet's answer.

    The check fails after `limits.cold`.
    """
    release = known().releases[-1]
    began = time.monotonic()
    with create_container(client, image, release.command(release.head), limits) as container:
        start(container)
        problem = await_answer(container, release.worker_probe, limits.cold)
        seconds = time.monotonic() - began
        detail = f"{seconds:.1f} s from the container's start to a Ray head that answers"
        if problem:
            detail = f"no Ray head answers `{release.worker_probe}`: {problem}; {describe_end(container)}"
    status = Status.FAILED if problem else Status.PASSED
    return Check(id=ID, status=status, detail=detail, seconds=round(seconds, 3))
