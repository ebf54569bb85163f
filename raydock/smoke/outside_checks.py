"""How long a fresh container takes to be a Ray head that answers."""

import time

from docker import DockerClient

from raydock.contract.kuberay import known
from raydock.contract.ray_node import await_answer, last_words
from raydock.engine.container import Limits, create_container, start
from raydock.model.report import Check, Status

ID = "cold"


def cold(client: DockerClient, image: str, limits: Limits) -> Check:
    """The seconds from asking the engine for a container to an answer of its raylet; failed past `limits.cold`."""
    release = known().releases[-1]
    began = time.monotonic()
    with create_container(client, image, release.command(release.head), limits) as container:
        start(container)
        trouble = await_answer(container, release.worker_probe, limits.cold)
        seconds = time.monotonic() - began
        detail = f"{seconds:.1f} s from the container's start to a Ray head that answers"
        if trouble:
            detail = f"no Ray head answers `{release.worker_probe}`: {trouble}; {last_words(container)}"
    status = Status.FAILED if trouble else Status.PASSED
    return Check(id=ID, status=status, detail=detail, seconds=round(seconds, 3))
