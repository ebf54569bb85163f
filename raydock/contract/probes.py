"""Clauses 4, 5, 9 and 22: the kubelet's and the operator's HTTP requests."""

import json
import time

from docker.errors import APIError
from packaging.version import Version

from raydock.contract.answer import BrokenError, NotCheckedError
from raydock.contract.bench import TestCluster
from raydock.contract.kuberay import AGENT_PORT, DASHBOARD_PORT
from raydock.contract.ray_node import TIMED_OUT, await_answer, describe_end, run_script
from raydock.contract.versions import ray_version
from raydock.engine.streams import last_line
from raydock.probe import tokens

_OPERATOR_SECONDS = 10.0
_REFUSED = (401, 403)
_RESTARTS = (
    "KubeRay's liveness and readiness probes fail, so the pod is never ready, and the kubelet restarts it every 10"
    " minutes"
)


def wget(cluster: TestCluster) -> str:
    """The head's wget probe answers within 5 s, a worker's half of it within 2 s."""
    bench, release = cluster.bench, cluster.release
    if problem := await_answer(cluster.head, release.head_probe, bench.timeouts.answer):
        raise BrokenError(f"no answer to `{release.head_probe}`: {problem}: {_RESTARTS}")
    limits = {
        release.head_probe: bench.kuberay.probe_seconds.head,
        release.worker_probe: bench.kuberay.probe_seconds.worker,
    }
    seconds = [_measure(cluster, probe, limit) for probe, limit in limits.items()]
    return f"the wget probe of a head answers in {seconds[0]:.1f} s, of a worker in {seconds[1]:.1f} s"


def http(cluster: TestCluster) -> str:
    """From Ray 2.53 on, /api/healthz answers from another container."""
    probe, ray = cluster.release.http_probe, ray_version(cluster.bench)
    if not probe or ray < Version(probe.since):
        since = f"; HTTP probes begin with {probe.since}" if probe else ""
        raise NotCheckedError(f"KubeRay {cluster.release.version} probes Ray {ray} with wget{since}")
    status, body = cluster.bench.get(cluster.address, AGENT_PORT, probe.path, cluster.bench.kuberay.probe_seconds.head)
    if status != 200:
        raise BrokenError(f"GET :{AGENT_PORT}{probe.path} {_describe(status, body)}: {_RESTARTS}")
    return f":{AGENT_PORT}{probe.path} answers 200"


def serve(cluster: TestCluster) -> str:
    """/api/serve/applications/ answers 200."""
    path = "/api/serve/applications/"
    status, body = cluster.get(path, _OPERATOR_SECONDS)
    if status != 200:
        lacks = " (the image lacks `ray[serve]`)" if status == 501 else ""
        raise BrokenError(
            f"GET :{DASHBOARD_PORT}{path} {_describe(status, body)}{lacks}: KubeRay never sees a RayService's"
            " applications run, and its service gets no endpoints"
        )
    return f":{DASHBOARD_PORT}{path} answers 200"


def token(cluster: TestCluster) -> str:
    """From Ray 2.52 on, requests without the cluster's token are refused."""
    ray, path = ray_version(cluster.bench), "/api/jobs/"
    if not cluster.token:
        raise NotCheckedError(f"Ray {ray} has no token authentication; it begins with {tokens.SINCE}")
    for name, sent in (("without a token", ""), ("with a wrong token", f"{cluster.token}0")):
        status, body = cluster.get(path, _OPERATOR_SECONDS, sent)
        if status not in _REFUSED:
            raise BrokenError(
                f"GET :{DASHBOARD_PORT}{path} {name} {_describe(status, body)}: with KubeRay's authOptions, anyone who"
                " reaches the head can still run programs on the cluster"
            )
    status, body = cluster.get(path, _OPERATOR_SECONDS)
    if status != 200:
        raise BrokenError(
            f"GET :{DASHBOARD_PORT}{path} with the token {_describe(status, body)}: KubeRay cannot see whether jobs run"
        )
    return "requests without the token are refused"


def job_status(cluster: TestCluster, job: str) -> str:
    """The status of a submitted job by the dashboard, or the client's message."""
    status, body = cluster.get(f"/api/jobs/{job}", _OPERATOR_SECONDS)
    try:
        return str(json.loads(body)["status"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return _describe(status, body)


def _measure(cluster: TestCluster, probe: str, limit: float) -> float:
    began = time.monotonic()
    try:
        code, output = run_script(cluster.head, probe, limit)
    except APIError:
        raise BrokenError(f"the head has ended ({describe_end(cluster.head)}): {_RESTARTS}") from None
    if code:
        problem = f"takes more than {limit:g} s" if code == TIMED_OUT else f"fails ({last_line(output) or 'no output'})"
        raise BrokenError(f"`{probe}` {problem}: {_RESTARTS}")
    return time.monotonic() - began


def _describe(status: int, body: str) -> str:
    return f"answers {status}" if status else f"fails ({last_line(body)})"
