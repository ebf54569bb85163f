"""Values for KubeRay's ray-cluster chart, which make the same cluster as a manifest."""

from raydock.deploy.kuberay.cluster import cluster
from raydock.deploy.kuberay.deployment import Deployment, Yaml

# The chart's keys for a container's.
_OF_CONTAINER = {key: key for key in ("resources", "securityContext", "ports", "volumeMounts")} | {
    "env": "containerEnv"
}


def values(deployment: Deployment) -> Yaml:
    """The chart's values. It writes images as REPOSITORY:TAG, so that a digest is cut at its colon."""
    spec = cluster(deployment)
    head, [workers] = spec.pop("headGroupSpec"), spec.pop("workerGroupSpecs")
    repository, _, tag = deployment.image.reference.rpartition(":")
    return {
        "fullnameOverride": deployment.name,
        "image": {"repository": repository, "tag": tag, "pullPolicy": "IfNotPresent"},
        "imagePullSecrets": head["template"]["spec"].get("imagePullSecrets", []),
        "head": spec | _group(head),
        "worker": _group(workers),
    }


def _group(group: Yaml) -> Yaml:
    """A group of pods as the chart has it: its container's and its pod's keys side by side."""
    template: Yaml = group.pop("template")
    pod = template["spec"]
    [container] = pod.pop("containers")
    of_container = {there: container[here] for here, there in _OF_CONTAINER.items() if here in container}
    of_pod = {key: pod[key] for key in ("nodeSelector", "tolerations", "affinity", "volumes") if key in pod}
    return {**group, **template["metadata"], **of_container, "podSecurityContext": pod["securityContext"], **of_pod}
