"""The values of a manifest: an image, a name, workers and their nodes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from raydock.deploy.kuberay.code import Code
from raydock.pick.forward import Forward
from raydock.publish.variant_image import VariantImage

Yaml = dict[str, Any]


class ResourceKind(StrEnum):
    """KubeRay's resources."""

    RAYCLUSTER = "raycluster"
    RAYJOB = "rayjob"
    RAYSERVICE = "rayservice"

    @property
    def resource(self) -> str:
        """The `kind` of the resource in a manifest."""
        return {"raycluster": "RayCluster", "rayjob": "RayJob", "rayservice": "RayService"}[self]

    @property
    def cluster(self) -> tuple[str, ...]:
        """The path of the cluster's specification in the resource."""
        within = {"raycluster": (), "rayjob": ("rayClusterSpec",), "rayservice": ("rayClusterConfig",)}
        return ("spec", *within[self])


class OperatorVersion(StrEnum):
    """Releases of the KubeRay operator whose resources differ."""

    V1_3 = "1.3"
    V1_7 = "1.7"


class Format(StrEnum):
    """The form of the output.

    It is resources, values for KubeRay's ray-cluster chart, or a kustomization.
    """

    YAML = "yaml"
    HELM = "helm"
    KUSTOMIZE = "kustomize"


class DriverAffinity(StrEnum):
    """How GPU workers select nodes whose labels state a new enough driver."""

    REQUIRED = "required"
    PREFERRED = "preferred"
    NONE = "none"


def labels_of(image: VariantImage) -> dict[str, str]:
    """The labels of an image's resources and pods: the variant's name."""
    return {"raydock.variant": image.variant.name}


@dataclass(frozen=True, kw_only=True)
class Workers:
    """The group of workers.

    Attributes:
        replicas: the number of workers at the start.
        least: the least number of workers; equals `replicas` without autoscaling.
        most: the greatest number of workers; equals `replicas` without autoscaling.
        gpus: the number of GPUs of each worker.
        autoscaled: whether Ray's autoscaler chooses the number of workers.
    """

    replicas: int
    least: int
    most: int
    gpus: int
    autoscaled: bool


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A requested Ray cluster.

    Attributes:
        image: the image of every pod.
        name: the name of the resource.
        namespace: the namespace of the resources; may be empty.
        workers: the group of workers.
        node_selector: labels that the nodes of every pod must have.
        pull_secret: the secret with the registry's credentials; may be empty.
        code: files that are mounted into the pods; None if there are none.
        kuberay: the release of the operator.
        driver_affinity: how GPU workers select nodes by driver.
        forward: forward compatibility for GPU workers on nodes with an older driver; None if it is not accepted.
    """

    image: VariantImage
    name: str
    namespace: str
    workers: Workers
    node_selector: dict[str, str]
    pull_secret: str
    code: Code | None
    kuberay: OperatorVersion
    driver_affinity: DriverAffinity
    forward: Forward | None

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the resources and pods."""
        return labels_of(self.image)

    @property
    def code_name(self) -> str:
        """The name of the code's ConfigMap; empty without code."""
        return f"{self.name}-code-{self.code.digest}" if self.code else ""
