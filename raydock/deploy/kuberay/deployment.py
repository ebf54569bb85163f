"""What a manifest is made of: an image, a name, workers and where they run."""

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
        """Its `kind` in a manifest."""
        return {"raycluster": "RayCluster", "rayjob": "RayJob", "rayservice": "RayService"}[self]

    @property
    def cluster(self) -> tuple[str, ...]:
        """The path to the cluster's specification in it."""
        within = {"raycluster": (), "rayjob": ("rayClusterSpec",), "rayservice": ("rayClusterConfig",)}
        return ("spec", *within[self])


class OperatorVersion(StrEnum):
    """Releases of the operator whose resources differ."""

    V1_3 = "1.3"
    V1_7 = "1.7"


class Format(StrEnum):
    """What is written: resources, values for KubeRay's ray-cluster chart, or a kustomization."""

    YAML = "yaml"
    HELM = "helm"
    KUSTOMIZE = "kustomize"


class DriverAffinity(StrEnum):
    """Whether nodes must state a new enough driver, or nodes that do come first, or no node is preferred."""

    REQUIRED = "required"
    PREFERRED = "preferred"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Workers:
    """How many workers there are, between which bounds (both `replicas` without autoscaling), and the GPUs of each."""

    replicas: int
    least: int
    most: int
    gpus: int
    autoscaled: bool


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A Ray cluster as asked for. `namespace` and `pull_secret` may be empty; `code` is mounted into its pods.

    `forward`: forward compatibility for GPU workers on nodes with an older driver; None if it is refused.
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
        """What its resources and pods are found by, since a digest tells nobody what it is."""
        return {"raydock.variant": self.image.variant.name}

    @property
    def code_name(self) -> str:
        """The name of its code's ConfigMap."""
        return f"{self.name}-code-{self.code.digest}" if self.code else ""

    def metadata(self, name: str) -> Yaml:
        """The metadata of one of its resources."""
        return {"name": name} | ({"namespace": self.namespace} if self.namespace else {}) | {"labels": self.labels}
