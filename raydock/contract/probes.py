"""Clauses 4, 5 and 9: what the kubelet and KubeRay's operator ask a running head over HTTP."""

import json
import time

from docker.errors import APIError
from packaging.version import Version

from raydock.contract.answer import BrokenError, UnaskedError
from raydock.contract.bench import TestCluster
from raydock.contract.ray_node import TIMED_OUT, ask, await_answer, last_words
from raydock.contract.versions import ray_version
from raydock.engine.streams import last_line

AGENT, DASHBOARD = 52365, 8265
_OPERATOR_SECONDS = 10.0
_RESTARTS = (
    "KubeRay's liveness and readiness probes fail, so the pod never gets ready, and the kubelet restarts it every 10"
    " minutes"
)


def wget(cluster: TestCluster) -> str:
    """The head's probe answers in the kubelet's time, and so does a worker's half of it."""
    bench, release = cluster.bench, cluster.release
    if trouble := await_answer(cluster.head, release.head_probe, bench.patience.answer):
        raise BrokenError(f"no answer to `{release.head_probe}`: {trouble}: {_RESTARTS}")
    limits = {
        release.head_probe: bench.kuberay.probe_seconds.head,
        release.worker_probe: bench.kuberay.probe_seconds.worker,
    }
    taken = [_timed(cluster, probe, limit) for probe, limit in limits.items()]
    return f"the wget probe of a head answers in {taken[0]:.1f} s, of a worker in {taken[1]:.1f} s"


def http(cluster: TestCluster) -> str:
    """The kubelet's GET answers from another container."""
    probe, ray = cluster.release.http_probe, ray_version(cluster.bench)
    if not probe or ray < Version(probe.since):
        since = f"; HTTP probes begin with {probe.since}" if probe else ""
        raise UnaskedError(f"KubeRay {cluster.release.version} probes Ray {ray} by wget{since}")
    status, body = cluster.bench.get(cluster.address, AGENT, probe.path, cluster.bench.kuberay.probe_seconds.head)
    if status != 200:
        raise BrokenError(f"GET :{AGENT}{probe.path} {_said(status, body)}: {_RESTARTS}")
    return f":{AGENT}{probe.path} answers 200"


def serve(cluster: TestCluster) -> str:
    """The operator's question for Serve's applications answers."""
    path = "/api/serve/applications/"
    status, body = cluster.bench.get(cluster.address, DASHBOARD, path, _OPERATOR_SECONDS)
    if status != 200:
        lacks = " (the image lacks `ray[serve]`)" if status == 501 else ""
        raise BrokenError(
            f"GET :{DASHBOARD}{path} {_said(status, body)}{lacks}: KubeRay never sees a RayService's applications run,"
            " and its service gets no endpoints"
        )
    return f":{DASHBOARD}{path} answers 200"


def job_status(cluster: TestCluster, job: str) -> str:
    """What the dashboard says of a submitted job; the client's words where it does not answer."""
    status, body = cluster.bench.get(cluster.address, DASHBOARD, f"/api/jobs/{job}", _OPERATOR_SECONDS)
    try:
        return str(json.loads(body)["status"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return _said(status, body)


def _timed(cluster: TestCluster, probe: str, limit: float) -> float:
    began = time.monotonic()
    try:
        code, said = ask(cluster.head, probe, limit)
    except APIError:
        raise BrokenError(f"the head has ended ({last_words(cluster.head)}): {_RESTARTS}") from None
    if code:
        words = f"takes more than {limit:g} s" if code == TIMED_OUT else f"fails ({last_line(said) or 'no words'})"
        raise BrokenError(f"`{probe}` {words}: {_RESTARTS}")
    return time.monotonic() - began


def _said(status: int, body: str) -> str:
    return f"answers {status}" if status else f"fails ({last_line(body)})"
