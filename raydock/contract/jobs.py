"""Clauses 8 and 15: KubeRay's submitter runs a job, and a mounted file runs."""

from docker.errors import APIError

from raydock.contract.answer import BrokenError
from raydock.contract.bench import SAMPLE, SAMPLE_SAYS, TestCluster, require_success
from raydock.contract.kuberay import fill
from raydock.contract.probes import job_status
from raydock.contract.ray_node import TIMED_OUT, describe_end, run_script
from raydock.engine.streams import last_line


def submits(cluster: TestCluster) -> str:
    """Let the submitter run a job to its success and follow its logs."""
    bench, release = cluster.bench, cluster.release
    job = f"raydock-{release.version.replace('.', '-')}"
    script = fill(release.submitter, head=cluster.address, job=job, entrypoint=f"python {SAMPLE}")
    ended = bench.run([*release.submitter_shell, script], bench.kuberay.limits.submitter, bench.timeouts.job)
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
    """Run the RayJob sample's file on the head, at the path where KubeRay mounts it."""
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
