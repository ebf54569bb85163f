"""`ray start` as KubeRay writes it (common/pod.go: setMissingRayStartParams, generateRayStartCommand)."""

import re
from collections.abc import Mapping

from tests.support.kuberay.manifest import Cluster, Document
from tests.support.kuberay.quantity import whole
from tests.support.kuberay.release import Release

AGENT_PORT = "52365"
_WITH_VALUE = {"log-color", "include-dashboard"}  # such as `--log-color=false`; every other "true" or "false" is a flag
_MIG = re.compile(r"nvidia\.com/mig-\d+g\.\d+gb")


def parameters(cluster: Cluster, group: Document, release: Release, *, head: bool) -> dict[str, str]:
    """Return a group's rayStartParams with the parameters that KubeRay adds."""
    stated = dict(group.get("rayStartParams") or {})
    added = {"dashboard-host": "0.0.0.0"} if head else {"address": f"{cluster.head_domain}:{cluster.head_port}"}
    added |= {"metrics-export-port": "8080", "dashboard-agent-listen-port": AGENT_PORT}
    resources = group["template"]["spec"]["containers"][0].get("resources") or {}
    forced = {"block": "true"}
    if head and cluster.spec.get("enableInTreeAutoscaling"):
        forced["no-monitor"] = "true"
    return {**added, **_resources(resources, release), **stated, **forced}


def command(parameters: Mapping[str, str], *, head: bool) -> str:
    """Return `ray start` with its options in alphabetical order, two spaces between them, as KubeRay writes it."""
    return f"ray start {'--head ' if head else ''}" + "".join(
        _option(key, parameters[key]) for key in sorted(parameters)
    )


def _option(key: str, value: str) -> str:
    if value.lower() in {"true", "false"} and key not in _WITH_VALUE:
        return f" --{key} " if value.lower() == "true" else ""
    return f" --{key}={value} "


def _resources(resources: Document, release: Release) -> dict[str, str]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    numbers = {
        "num-cpus": whole(limits.get("cpu", 0)) or whole(requests.get("cpu", 0)),
        "memory": whole(limits.get("memory", 0)),
        "num-gpus": next((whole(limits[key]) for key in sorted(limits) if _is_gpu(key, release)), 0),
    }
    return {key: str(value) for key, value in numbers.items() if value}


def _is_gpu(key: str, release: Release) -> bool:
    return key.endswith("gpu") or (release.mig and _MIG.fullmatch(key) is not None)
