"""Clauses 8 and 15: KubeRay's submitter runs a job, and a mounted file runs."""

from docker.errors import APIError

from raydock.contract.answer import BrokenError
from raydock.contract.bench import SAMPLE, SAMPLE_SAYS, TestCluster, how
from raydock.contract.kuberay import fill
from raydock.contract.probes import job_status
from raydock.contract.ray_node import TIMED_OUT, ask, last_words
from raydock.engine.streams import last_line


def submits(cluster: TestCluster) -> str:
    """The submitter submits a job, follows its logs and sees it succeed, within its share of a node."""
    bench, release = cluster.bench, cluster.release
    job = f"raydock-{release.version.replace('.', '-')}"
    script = fill(release.submitter, head=cluster.address, job=job, entrypoint=f"python {SAMPLE}")
    ended = bench.run([*release.submitter_shell, script], bench.kuberay.limits.submitter, bench.patience.job)
    consequence = "KubeRay's RayJob goes to Failed once its submitter has used up its retries"
    if ended.status or not ended.in_time:
        raise BrokenError(f"the submitter of a RayJob {how(ended)}: {consequence}")
    if SAMPLE_SAYS not in ended.out:
        raise BrokenError(
            "the submitter does not follow the job's logs, as Ray does not if they are not UTF-8 (what a sitecustomize"
            " or a login file prints is in them): `kubectl logs` of a RayJob shows nothing of it"
        )
    if (status := job_status(cluster, job)) != "SUCCEEDED":
        raise BrokenError(f"the job's status {status}: {consequence}")
    return "the submitter follows its job to SUCCEEDED, within 1 CPU and 1 GiB"


def runs_a_mounted_file(cluster: TestCluster) -> str:
    """The RayJob sample's file runs on the head where KubeRay mounts it."""
    try:
        code, said = ask(cluster.head, f"python {SAMPLE}", cluster.bench.patience.command)
    except APIError:
        code, said = 1, last_words(cluster.head)
    if code or SAMPLE_SAYS not in said:
        words = "does not end in time" if code == TIMED_OUT else f"fails ({last_line(said) or 'no words'})"
        raise BrokenError(
            f"`python {SAMPLE}` {words}: a RayJob whose code is a ConfigMap, as in KubeRay's samples, fails"
        )
    return f"{SAMPLE} runs"
