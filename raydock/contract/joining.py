"""Clauses 6 and 7: a worker waits for its head and joins it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from docker.errors import APIError
from docker.models.containers import Container

from raydock.contract.answer import BrokenError
from raydock.contract.bench import Bench, TestCluster
from raydock.contract.ray_node import TIMED_OUT, ask, await_start, last_words
from raydock.engine.container import ContainerOptions
from raydock.engine.streams import last_line

INIT_SECONDS = 15.0
# Waits until as many nodes are alive as its argument says; a driver needs neither dashboard nor autoscaler.
_NODES = """
import sys, time, ray
ray.init(logging_level="ERROR")
while sum(node["Alive"] for node in ray.nodes()) < int(sys.argv[1]): time.sleep(0.2)
"""


def health_check(cluster: TestCluster) -> str:
    """The init container sees the head within its share of a node, in under 15 s."""
    bench, release = cluster.bench, cluster.release
    began = time.monotonic()
    ended = bench.run(release.command(release.init, cluster.address), bench.kuberay.init, INIT_SECONDS)
    seconds = time.monotonic() - began
    if ended.status or not ended.in_time:
        words = "is killed for its memory" if ended.out_of_memory else f"has not seen the head after {seconds:.0f} s"
        raise BrokenError(
            f"`ray health-check` within 0.2 CPU and 256 MiB {words}: KubeRay's init container wait-gcs-ready asks on"
            " and on, and worker pods stay in Init for minutes or for ever"
        )
    return f"the init container sees the head in {seconds:.1f} s, within 0.2 CPU and 256 MiB"


def joins(cluster: TestCluster) -> str:
    """A worker starts from KubeRay's command, and two nodes are alive."""
    with worker(cluster, cluster.bench) as node:
        await_nodes(cluster, [node])
    return "a worker joins, 2 nodes alive"


@contextmanager
def worker(cluster: TestCluster, bench: Bench) -> Iterator[Container]:
    """A worker of a bench's image on a cluster, which may be another image's."""
    release = cluster.release
    options = ContainerOptions(environment=bench.kuberay.variables(cluster.address))
    with bench.node(release.command(release.worker, cluster.address), options) as container:
        yield container


def await_nodes(cluster: TestCluster, workers: list[Container]) -> None:
    """Waits until these workers are alive beside the head.

    Raises BrokenError where they do not come.
    """
    patience = cluster.bench.patience
    for node in workers:
        if trouble := await_start(node, patience.start):
            raise BrokenError(
                f"a worker does not join: {trouble}; {last_words(node)}: KubeRay's worker pods go into"
                " CrashLoopBackOff, and the cluster stays a head alone"
            )
    count = len(workers) + 1
    try:
        code, said = ask(cluster.head, f"python -c '{_NODES}' {count}", patience.answer)
    except APIError:
        code, said = 1, last_words(cluster.head)
    if code:
        words = f"after {patience.answer:g} s" if code == TIMED_OUT else f"({last_line(said) or 'no words'})"
        raise BrokenError(
            f"{count} nodes are not alive {words}: KubeRay's cluster never gets the size that was asked for"
        )
