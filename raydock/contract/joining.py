"""Clauses 6, 7, 8 and 15: a worker waits for its head and joins it, and the cluster runs jobs."""

import time
from contextlib import AbstractContextManager

from docker.errors import APIError
from docker.models.containers import Container

from raydock.contract.answer import BrokenError
from raydock.contract.bench import SAMPLE, SAMPLE_SAYS, Bench, TestCluster, require_success
from raydock.contract.kuberay import fill
from raydock.contract.probes import job_status
from raydock.contract.ray_node import TIMED_OUT, await_start, describe_end, run_script
from raydock.engine.container import ContainerOptions
from raydock.engine.streams import last_line

INIT_SECONDS = 15.0
# Waits until as many nodes are alive as its argument; a driver needs neither dashboard nor autoscaler.
_NODES = """
import sys, time, ray
ray.init(logging_level="ERROR")
while sum(node["Alive"] for node in ray.nodes()) < int(sys.argv[1]): time.sleep(0.2)
"""


def health_check(cluster: TestCluster) -> str:
    """`ray health-check` passes within 0.2 CPU and 256 MiB, in under 15 s."""
    bench, release = cluster.bench, cluster.release
    began = time.monotonic()
    command = release.command(release.init, cluster.address)
    ended = bench.run(command, bench.kuberay.limits.init, INIT_SECONDS, cluster.authentication)
    seconds = time.monotonic() - began
    if ended.status or not ended.in_time:
        late = f"has not found the head after {seconds:.0f} s"
        problem = "is killed because it used up its memory" if ended.out_of_memory else late
        raise BrokenError(
            f"`ray health-check` within 0.2 CPU and 256 MiB {problem}: KubeRay's init container wait-gcs-ready repeats"
            " it, and worker pods stay in Init for minutes or forever"
        )
    return f"the init container finds the head in {seconds:.1f} s, within 0.2 CPU and 256 MiB"


def joins(cluster: TestCluster) -> str:
    """A worker joins, two nodes are alive."""
    with worker(cluster, cluster.bench) as node:
        await_nodes(cluster, [node])
    return "a worker joins, 2 nodes alive"


def worker(cluster: TestCluster, bench: Bench) -> AbstractContextManager[Container]:
    """Start a worker of a bench's image for a cluster.

    The image of the cluster may be a different one.
    """
    release = cluster.release
    environment = {**bench.kuberay.variables(cluster.address), **cluster.authentication}
    options = ContainerOptions(environment=environment)
    return bench.node(release.command(release.worker, cluster.address), options)


def await_nodes(cluster: TestCluster, workers: list[Container]) -> None:
    """Wait until the head and these workers are alive.

    Raises BrokenError if they are not in time.
    """
    timeouts = cluster.bench.timeouts
    for node in workers:
        if problem := await_start(node, timeouts.start):
            raise BrokenError(
                f"a worker does not join: {problem}; {describe_end(node)}: KubeRay's worker pods go into"
                " CrashLoopBackOff, and the cluster has no worker"
            )
    count = len(workers) + 1
    try:
        code, output = run_script(cluster.head, f"python -c '{_NODES}' {count}", timeouts.answer)
    except APIError:
        code, output = 1, describe_end(cluster.head)
    if code:
        reason = f"after {timeouts.answer:g} s" if code == TIMED_OUT else f"({last_line(output) or 'no output'})"
        raise BrokenError(f"{count} nodes are not alive {reason}: KubeRay's cluster never gets its requested size")


def submits(cluster: TestCluster) -> str:
    """The submitter's script runs a job to its success within 1 CPU and 1 GiB."""
    bench, release = cluster.bench, cluster.release
    job = f"raydock-{release.version.replace('.', '-')}"
    script = fill(release.submitter, head=cluster.address, job=job, entrypoint=f"python {SAMPLE}")
    command, limits = [*release.submitter_shell, script], bench.kuberay.limits
    ended = bench.run(command, limits.submitter, bench.timeouts.job, cluster.authentication)
    consequence = "KubeRay's RayJob goes to Failed after the retries of its submitter"
    if SAMPLE_SAYS not in require_success(ended, "the submitter of a RayJob", consequence):
        raise BrokenError(
            "the submitter does not follow the job's logs: Ray does not if they are not UTF-8, and they include the"
            " output of a sitecustomize or a login file. `kubectl logs` of a RayJob does not show its output"
        )
    if (status := job_status(cluster, job)) != "SUCCEEDED":
        raise BrokenError(f"the job's status is {status}: {consequence}")
    return "the submitter follows its job to SUCCEEDED, within 1 CPU and 1 GiB"


def runs_a_mounted_file(cluster: TestCluster) -> str:
    """A file mounted into HOME runs."""
    try:
        code, output = run_script(cluster.head, f"python {SAMPLE}", cluster.bench.timeouts.command)
    except APIError:
        code, output = 1, describe_end(cluster.head)
    if code or SAMPLE_SAYS not in output:
        problem = "does not end in time" if code == TIMED_OUT else f"fails ({last_line(output) or 'no output'})"
        raise BrokenError(
            f"`python {SAMPLE}` {problem}: a RayJob whose code is a ConfigMap, as in KubeRay's samples, fails"
        )
    return f"{SAMPLE} runs"
