"""The autoscaler's container in the head's pod (common/pod.go, BuildAutoscalerContainer)."""

from dataclasses import replace

from tests.support.kuberay import template
from tests.support.kuberay.manifest import Cluster, NotEmulated
from tests.support.kuberay.objects import Container, Mount, Pod
from tests.support.kuberay.release import Release

LOGS = Mount(volume="ray-logs", path="/tmp/ray")
_LIMITS = {"cpu": "500m", "memory": "512Mi"}
_OPTIONS = {"upscalingMode", "idleTimeoutSeconds", "image", "imagePullPolicy", "securityContext", "env", "envFrom"}
_OPTIONS |= {"resources", "version"}


def autoscaler(cluster: Cluster, head: Pod, release: Release) -> Container:
    """Return the container. It reads the head's logs and requests pods from Kubernetes, which is not emulated."""
    options = cluster.spec.get("autoscalerOptions") or {}
    template.known(options, _OPTIONS, "autoscalerOptions")
    if options.get("envFrom") or options.get("version"):
        raise NotEmulated("envFrom or version of autoscalerOptions")
    start = f"ray kuberay-autoscaler --cluster-name {cluster.name} --cluster-namespace {cluster.namespace}"
    stated = {
        "name": "autoscaler",
        "image": options.get("image", head.containers[0].image),
        "env": options.get("env") or [],
        "resources": options.get("resources") or {"limits": _LIMITS, "requests": _LIMITS},
        "securityContext": options.get("securityContext") or {},
    }
    base = template.container(stated, cluster.spec["headGroupSpec"]["template"]["spec"])
    return replace(
        base,
        command=("/bin/bash", release.shell, "--"),
        args=(start,),
        environment={**_environment(cluster, head, release, start), **base.environment, **cluster.authentication},
        mounts=(LOGS,),
    )


def _environment(cluster: Cluster, head: Pod, release: Release, start: str) -> dict[str, str]:
    variables = {"RAY_CLUSTER_NAME": cluster.name, "RAY_CLUSTER_NAMESPACE": cluster.namespace}
    variables |= {"RAY_HEAD_POD_NAME": head.name, "KUBERAY_CRD_VER": "v1"}
    return {**variables, "KUBERAY_GEN_AUTOSCALER_START_CMD": start} if release.autoscaler_variable else variables
