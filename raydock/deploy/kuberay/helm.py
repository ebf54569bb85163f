"""Values for KubeRay's ray-cluster chart.

The chart creates the same cluster as a manifest.
"""

from raydock.deploy.kuberay.cluster import cluster_spec
from raydock.deploy.kuberay.deployment import Deployment, Yaml

# The chart's keys, by the keys of a container.
_CONTAINER_KEYS = {key: key for key in ("resources", "securityContext", "ports", "volumeMounts")} | {
    "env": "containerEnv"
}


def values(deployment: Deployment) -> Yaml:
    """Return the chart's values.

    The chart joins REPOSITORY:TAG, so a digest is split at its colon.
    """
    spec = cluster_spec(deployment)
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
    """Return a group of pods in the chart's form.

    The keys of the container and of the pod are on one level.
    """
    template: Yaml = group.pop("template")
    pod = template["spec"]
    [container] = pod.pop("containers")
    container_values = {name: container[key] for key, name in _CONTAINER_KEYS.items() if key in container}
    pod_values = {key: pod[key] for key in ("nodeSelector", "tolerations", "affinity", "volumes") if key in pod}
    return {
        **group,
        **template["metadata"],
        **container_values,
        "podSecurityContext": pod["securityContext"],
        **pod_values,
    }
