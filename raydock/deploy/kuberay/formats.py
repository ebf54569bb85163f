"""The other forms of the output: values for KubeRay's ray-cluster chart, a kustomization."""

from raydock.deploy.kuberay.deployment import Deployment, Protection, ResourceKind, Yaml, labels_of
from raydock.deploy.kuberay.manifest import make_manifest
from raydock.deploy.kuberay.yamltext import render
from raydock.publish.variant_image import VariantImage

_POD_KEYS = ("nodeSelector", "tolerations", "affinity", "volumes", "priorityClassName")
# The chart's keys, by the keys of a container.
_CONTAINER_KEYS = {key: key for key in ("resources", "securityContext", "ports", "volumeMounts")} | {
    "env": "containerEnv"
}


def helm_values(deployment: Deployment) -> Yaml:
    """Return values for KubeRay's ray-cluster chart, which creates the same cluster as a manifest.

    The chart has no value for probes, so pods have KubeRay's. It joins REPOSITORY:TAG: a digest is split at its colon.
    """
    [manifest] = make_manifest(deployment, ResourceKind.RAYCLUSTER)
    spec = manifest["spec"]
    spec.pop("upgradeStrategy", None)  # the chart has no value for it
    head, [workers] = spec.pop("headGroupSpec"), spec.pop("workerGroupSpecs")
    repository, _, tag = deployment.image.reference.rpartition(":")
    return {
        "fullnameOverride": deployment.name,
        "image": {"repository": repository, "tag": tag, "pullPolicy": "IfNotPresent"},
        "imagePullSecrets": head["template"]["spec"].get("imagePullSecrets", []),
        "head": spec | _chart_group(head),
        "worker": _chart_group(workers),
    }


def _chart_group(group: Yaml) -> Yaml:
    """Return a group of pods in the chart's form.

    The keys of the container and of the pod are on one level.
    """
    template: Yaml = group.pop("template")
    pod = template["spec"]
    [container] = pod.pop("containers")
    container_values = {name: container[key] for key, name in _CONTAINER_KEYS.items() if key in container}
    pod_values = {key: pod[key] for key in _POD_KEYS if key in pod}
    return {
        **group,
        **template["metadata"],
        **container_values,
        "podSecurityContext": pod["securityContext"],
        **pod_values,
    }


def kustomization(image: VariantImage, kind: ResourceKind, protection: Protection) -> list[Yaml]:
    """Return a kustomization that sets image, Ray version, labels and token in the user's own manifest."""
    return render(
        "kustomization.yaml.j2", image=image, kind=kind, labels=labels_of(image), token=protection is Protection.TOKEN
    )
