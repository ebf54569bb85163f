"""A kustomization that sets image and Ray version in the user's own manifest."""

from raydock.deploy.kuberay.deployment import ResourceKind, Yaml
from raydock.publish.variant_image import VariantImage

# The user's manifest, in the folder of the kustomization.
MANIFEST = "manifest.yaml"
_SOURCE = "raydock-image"
_CONTAINER = ("template", "spec", "containers", "0", "image")


def overlay(image: VariantImage, kind: ResourceKind) -> Yaml:
    """Return the kustomization, for kustomize 5.

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
