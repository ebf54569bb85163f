"""Readiness probes of Ray containers.

KubeRay's own ask the same, first after 10 s and then every 5 s, while a head answers after some 5 s. These ask first
after 1 s and then every second. Source: ray-project/kuberay, utils/constant.go and common/pod.go, read 2026-11-25.
"""

from packaging.version import Version

from raydock.contract.kuberay import AGENT_PORT, known
from raydock.deploy.kuberay.deployment import Deployment, ResourceKind, Yaml

HEAD, WORKER = "ray-head", "ray-worker"
# KubeRay's tolerance, in seconds: ten failures, or one of a worker that serves, which then gets no more requests.
_TOLERANCE, _SERVE_TOLERANCE = 50, 5


def probes(deployment: Deployment, kind: ResourceKind) -> dict[str, Yaml]:
    """Return the readiness probe of each container by its name."""
    contract = known()
    release = contract.release(deployment.kuberay)
    serves = kind is ResourceKind.RAYSERVICE
    http = release.http_probe
    if http and Version(deployment.image.ray) >= Version(http.since):
        head: Yaml = {"httpGet": {"path": http.path, "port": AGENT_PORT}}
        worker = head
    else:
        head, worker = _command(release.head_probe), _command(release.worker_probe)
    if serves:
        worker = _command(f"{release.worker_probe} && {release.serve_probe}")
    return {
        HEAD: {**head, **_timing(contract.probe_seconds.head, _TOLERANCE)},
        WORKER: {**worker, **_timing(contract.probe_seconds.worker, _SERVE_TOLERANCE if serves else _TOLERANCE)},
    }


def _command(script: str) -> Yaml:
    return {"exec": {"command": ["bash", "-c", script]}}


def _timing(limit: float, tolerance: int) -> Yaml:
    """Return the times of a probe, in seconds."""
    return {
        "initialDelaySeconds": 1,
        "periodSeconds": 1,
        "timeoutSeconds": int(limit),
        "failureThreshold": tolerance,
    }
