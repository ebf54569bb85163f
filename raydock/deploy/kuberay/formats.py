"""The forms of the output: YAML text, values for KubeRay's ray-cluster chart, a kustomization."""

import re
from collections.abc import Iterable

import yaml

from raydock.deploy.kuberay.deployment import Deployment, ResourceKind, Yaml
from raydock.deploy.kuberay.manifest import cluster_spec
from raydock.publish.variant_image import VariantImage

# The chart's keys, by the keys of a container.
_CONTAINER_KEYS = {key: key for key in ("resources", "securityContext", "ports", "volumeMounts")} | {
    "env": "containerEnv"
}


def helm_values(deployment: Deployment) -> Yaml:
    """Return values for KubeRay's ray-cluster chart, which creates the same cluster as a manifest.

    The chart joins REPOSITORY:TAG, so a digest is split at its colon.
    """
    spec = cluster_spec(deployment)
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
    pod_values = {key: pod[key] for key in ("nodeSelector", "tolerations", "affinity", "volumes") if key in pod}
    return {
        **group,
        **template["metadata"],
        **container_values,
        "podSecurityContext": pod["securityContext"],
        **pod_values,
    }


# The user's manifest, in the folder of the kustomization.
MANIFEST = "manifest.yaml"
_SOURCE = "raydock-image"
_CONTAINER = ("template", "spec", "containers", "0", "image")


def kustomization(image: VariantImage, kind: ResourceKind) -> Yaml:
    """Return a kustomization, for kustomize 5, that sets image and Ray version in the user's own manifest.

    The Ray container is the first one of each pod, as KubeRay requires. The values are in a ConfigMap that kustomize
    reads and does not write to its output.
    """
    head, workers = (*kind.cluster, "headGroupSpec"), (*kind.cluster, "workerGroupSpecs", "*")
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [MANIFEST],
        "configMapGenerator": [
            {
                "name": _SOURCE,
                "literals": [f"image={image.reference}", f"rayVersion={image.ray}"],
                "options": {
                    "disableNameSuffixHash": True,
                    "annotations": {"config.kubernetes.io/local-config": "true"},
                },
            }
        ],
        "replacements": [
            _replacement(kind, "image", (*head, *_CONTAINER), (*workers, *_CONTAINER)),
            _replacement(kind, "rayVersion", (*kind.cluster, "rayVersion"), create=True),
        ],
    }


def _replacement(kind: ResourceKind, value: str, *paths: tuple[str, ...], create: bool = False) -> Yaml:
    target = {
        "select": {"group": "ray.io", "kind": kind.resource},
        "fieldPaths": [".".join(path) for path in paths],
        **({"options": {"create": True}} if create else {}),
    }
    return {"source": {"kind": "ConfigMap", "name": _SOURCE, "fieldPath": f"data.{value}"}, "targets": [target]}


# Go's YAML 1.1 reads more texts as booleans and numbers than PyYAML does (y, 1e3), so only plain words are not quoted.
_PLAIN = re.compile(r"[A-Za-z/][\w./:@-]*", re.ASCII)
_RESERVED = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"}


class _Dumper(yaml.SafeDumper):
    """A dumper that quotes all but plain words and uses no aliases.

    Text of several lines is written as a block.
    """

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    if "\n" in text and all(line.isprintable() for line in text.split("\n")):
        return "|"
    return None if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED else '"'


_Dumper.add_representer(str, _represent)


def to_yaml(documents: Iterable[Yaml]) -> str:
    """Return resources as a stream of YAML documents, which Go's parser and Python's parser read alike."""
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=10**6, allow_unicode=True)
