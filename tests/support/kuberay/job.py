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
    """A RayJob that has finished: Ray's word for how, what the submitter said and how often it had to try."""

    status: str
    log: str
    tries: int
    cluster: ClusterRun


@contextmanager
def run(node: Node, release: Release, manifest: Manifest, seconds: float = 240) -> Iterator[JobRun]:
    """A RayJob run to its end; its cluster is there meanwhile, unless the job shuts it down.

    Raises AssertionError, with what the pods said, where the job does not end in time.
    """
    with ClusterRun(node, release, manifest) as cluster:
        cluster.wait_for_pods()
        job = f"{manifest.name}-{suffix()}"
        tries, log = _submit(cluster, manifest, job, seconds)
        status = _status(cluster, job, log)
        if manifest.spec.get("shutdownAfterJobFinishes"):
            time.sleep(manifest.spec.get("ttlSecondsAfterFinished", 0))
            cluster.delete()
        yield JobRun(status=status, log=log, tries=tries, cluster=cluster)


def _submit(cluster: ClusterRun, manifest: Manifest, job: str, seconds: float) -> tuple[int, str]:
    """The Kubernetes Job: a pod, and as many more as its backoffLimit allows where it fails."""
    allowed = 1 + int((manifest.spec.get("submitterConfig") or {}).get("backoffLimit", 2))
    log, tries, status = "", 0, 1
    while status and tries < allowed:
        tries += 1
        pod = submitter(manifest, cluster.cluster, cluster.release, job, suffix())
        ended = cluster.node.complete(pod, seconds)
        log, status = f"{log}{ended.out}{ended.err}", ended.status
        assert ended.in_time, f"the submitter did not end in {seconds} s:\n{log}\n{cluster.head.logs()}"
    return tries, log


def _status(cluster: ClusterRun, job: str, log: str, seconds: float = 30) -> str:
    """Ray's word for how a job ended, soon after its submitter has."""
    end = time.monotonic() + seconds
    while (found := str(cluster.ask("GET", f"/api/jobs/{job}")["status"])) not in _DONE:
        assert time.monotonic() < end, f"{job} is {found} after its submitter has ended:\n{log}"
        time.sleep(0.5)
    return found
