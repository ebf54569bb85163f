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


class Protection(StrEnum):
    """What keeps other programs from running code on a cluster.

    TOKEN is KubeRay's `authOptions`, SECRET a token in a secret that the user creates, NETWORK_POLICY a NetworkPolicy
    for releases without tokens.
    """

    TOKEN = "token"  # noqa: S105 - a name
    SECRET = "secret"  # noqa: S105 - a name
    NETWORK_POLICY = "network-policy"
    NONE = "none"


class Submission(StrEnum):
    """Who submits the job of a RayJob: a Kubernetes Job, or a container in the head's pod."""

    JOB = "job"
    SIDECAR = "sidecar"


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
class Resources:
    """What a pod requests, and its limit.

    Attributes:
        cpus: CPUs, as a quantity of Kubernetes.
        mebibytes: memory in MiB.
        gpus: the number of GPUs.
    """

    cpus: str
    mebibytes: int
    gpus: int = 0

    @property
    def memory(self) -> str:
        """The memory, as a quantity of Kubernetes."""
        return _quantity(self.mebibytes)

    @property
    def shared_memory(self) -> str:
        """The size of /dev/shm, as a quantity.

        Ray's object store takes 30 % of the memory; half of it leaves room for NCCL and torch.
        """
        return _quantity(self.mebibytes // 2)


def _quantity(mebibytes: int) -> str:
    gibibytes, rest = divmod(mebibytes, 1024)
    return f"{mebibytes}Mi" if rest else f"{gibibytes}Gi"


@dataclass(frozen=True, kw_only=True)
class Workers:
    """The group of workers.

    Attributes:
        replicas: the number of workers at the start.
        least: the least number of workers; equals `replicas` without autoscaling.
        most: the greatest number of workers; equals `replicas` without autoscaling.
        resources: what each worker requests.
        autoscaled: whether Ray's autoscaler chooses the number of workers.
    """

    replicas: int
    least: int
    most: int
    resources: Resources
    autoscaled: bool


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A requested Ray cluster.

    Attributes:
        image: the image of every pod.
        name: the name of the resource.
        namespace: the namespace of the resources; may be empty.
        head: what the head requests.
        workers: the group of workers.
        protection: what keeps other programs from running code on it.
        node_selector: labels that the nodes of every pod must have.
        priority_class: the PriorityClass of every pod; may be empty.
        pull_secret: the secret with the registry's credentials; may be empty.
        code: files that are mounted into the pods; None if there are none.
        kuberay: the release of the operator.
        driver_affinity: how GPU workers select nodes by driver.
        forward: forward compatibility for GPU workers on nodes with an older driver; None if it is not accepted.
    """

    image: VariantImage
    name: str
    namespace: str
    head: Resources
    workers: Workers
    protection: Protection
    node_selector: dict[str, str]
    priority_class: str
    pull_secret: str
    code: Code | None
    kuberay: OperatorVersion
    driver_affinity: DriverAffinity
    forward: Forward | None

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the resources and pods.

        A NetworkPolicy selects pods by a label of their own: KubeRay's labels have generated names.
        """
        own = {"raydock.deployment": self.name} if self.protection is Protection.NETWORK_POLICY else {}
        return {**labels_of(self.image), **own}

    @property
    def token_name(self) -> str:
        """The name of the secret with the token that the user creates."""
        return f"{self.name}-token"

    @property
    def code_name(self) -> str:
        """The name of the code's ConfigMap; empty without code."""
        return f"{self.name}-code-{self.code.digest}" if self.code else ""
