"""A RayJob as KubeRay's controller runs it (rayjob_controller.go): cluster, submitter, status, and the shutdown."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.kuberay.manifest import Manifest
from tests.support.kuberay.node import Node
from tests.support.kuberay.operator import ClusterRun, suffix
from tests.support.kuberay.release import Release
from tests.support.kuberay.submitter import submitter

_DONE = {"SUCCEEDED", "FAILED", "STOPPED"}


@dataclass(frozen=True, kw_only=True)
class JobRun:
    """A finished RayJob.

    Attributes:
        status: Ray's status of the job, such as SUCCEEDED.
        log: the submitter's output.
        tries: how often the submitter ran.
    """

    status: str
    log: str
    tries: int


@contextmanager
def run(node: Node, release: Release, manifest: Manifest, seconds: float = 180) -> Iterator[JobRun]:
    """Run a RayJob to its end; its cluster runs until the context ends, unless the job shuts it down.

    Raises AssertionError, with the pods' logs, if the job does not end in time.
    """
    with ClusterRun(node, release, manifest) as cluster:
        cluster.wait_for_pods()
        done = submit(cluster, manifest, seconds)
        if manifest.spec.get("shutdownAfterJobFinishes"):
            time.sleep(manifest.spec.get("ttlSecondsAfterFinished", 0))
            cluster.delete()
        yield done


def submit(cluster: ClusterRun, manifest: Manifest, seconds: float = 180) -> JobRun:
    """Run the Kubernetes Job of a RayJob on a running cluster: a pod, and more pods up to its backoffLimit."""
    job = f"{manifest.name}-{suffix()}"
    allowed = 1 + int((manifest.spec.get("submitterConfig") or {}).get("backoffLimit", 2))
    log, tries, status = "", 0, 1
    while status and tries < allowed:
        tries += 1
        pod = submitter(manifest, cluster.cluster, cluster.release, job, suffix())
        ended = cluster.node.complete(pod, seconds)
        log, status = f"{log}{ended.out}{ended.err}", ended.status
        assert ended.in_time, f"the submitter did not end in {seconds} s:\n{log}\n{cluster.head.logs()}"
    return JobRun(status=_status(cluster, job, log), log=log, tries=tries)


def _status(cluster: ClusterRun, job: str, log: str, seconds: float = 30) -> str:
    """Return Ray's final status of a job, soon after its submitter ends."""
    end = time.monotonic() + seconds
    while (status := str(cluster.send("GET", f"/api/jobs/{job}")["status"])) not in _DONE:
        assert time.monotonic() < end, f"{job} is {status} after its submitter has ended:\n{log}"
        time.sleep(0.5)
    return status
