"""Pods that meet Kubernetes' restricted Pod Security Standard.

KubeRay sets the commands and probes.
"""

from dataclasses import dataclass

from raydock.deploy.kuberay.affinity import node_affinity
from raydock.deploy.kuberay.code import MOUNT, VOLUME
from raydock.deploy.kuberay.deployment import Deployment, Yaml

GPU = "nvidia.com/gpu"
COMPAT = "cuda-compat"
SHM, SHM_MOUNT = "shared-mem", "/dev/shm"  # noqa: S108
# Kubernetes, Pod Security Standards, restricted: what each container must set, and what the pod can set for them all.
CONTAINER_SECURITY: Yaml = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
POD_SECURITY: Yaml = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


@dataclass(frozen=True, kw_only=True)
class Size:
    """The resources of a Ray container.

    Requests equal limits, since Ray schedules by the limits.

    Attributes:
        cpus: the number of CPUs.
        memory: the memory in GiB.
        gpus: the number of GPUs.
    """

    cpus: int
    memory: int
    gpus: int = 0

    @property
    def resources(self) -> Yaml:
        amounts = {"cpu": str(self.cpus), "memory": f"{self.memory}Gi"} | ({GPU: str(self.gpus)} if self.gpus else {})
        return {"limits": amounts, "requests": dict(amounts)}


HEAD = Size(cpus=2, memory=4)


def worker_size(gpus: int) -> Size:
    """Return a worker's size: by its number of GPUs, or the head's size without GPUs."""
    return Size(cpus=4 * gpus, memory=16 * gpus, gpus=gpus) if gpus else HEAD


def ray_pod(deployment: Deployment, container: str, size: Size, ports: dict[str, int]) -> Yaml:
    """Return the pod template of a head or worker.

    container: the name of its Ray container.
    """
    gpu: Yaml = {}
    if size.gpus:
        gpu["tolerations"] = [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}]
        affinity = node_affinity(deployment.image.min_driver, deployment.driver_affinity, deployment.forward)
        gpu |= {"affinity": affinity} if affinity else {}
    spec = pod_spec(deployment, _ray_container(deployment, container, size, ports))
    return {"metadata": {"labels": deployment.labels}, "spec": spec | gpu | {"volumes": _volumes(deployment, size)}}


def pod_spec(deployment: Deployment, container: Yaml) -> Yaml:
    """Return a pod of one container, with the node selector and pull secret."""
    spec: Yaml = {"securityContext": POD_SECURITY}
    if deployment.pull_secret:
        spec["imagePullSecrets"] = [{"name": deployment.pull_secret}]
    if deployment.node_selector:
        spec["nodeSelector"] = deployment.node_selector
    return spec | {"containers": [container]}


def image(deployment: Deployment) -> Yaml:
    """Return a container's image and security settings.

    A digest never changes, so nodes pull it once.
    """
    return {
        "image": deployment.image.reference,
        "imagePullPolicy": "IfNotPresent",
        "securityContext": CONTAINER_SECURITY,
    }


def _ray_container(deployment: Deployment, name: str, size: Size, ports: dict[str, int]) -> Yaml:
    container = {"name": name, **image(deployment), "resources": size.resources}
    mounts: list[Yaml] = [{"name": SHM, "mountPath": SHM_MOUNT}]
    environment: dict[str, str] = {}
    if deployment.code:
        environment["PYTHONPATH"] = MOUNT
        mounts.append({"name": VOLUME, "mountPath": MOUNT, "readOnly": True})
    if deployment.forward and size.gpus:
        environment |= deployment.forward.environment
        mounts.append({"name": COMPAT, "mountPath": deployment.forward.folder, "readOnly": True})
    if environment:
        container["env"] = [{"name": variable, "value": value} for variable, value in environment.items()]
    if ports:
        container["ports"] = [{"name": port, "containerPort": number} for port, number in ports.items()]
    return container | {"volumeMounts": mounts}


def _volumes(deployment: Deployment, size: Size) -> list[Yaml]:
    """Return the volumes: shared memory, the code and cuda-compat.

    Ray's object store takes 30 % of the memory; half of it leaves room for NCCL and torch. Nodes with a new enough
    driver have no cuda-compat: on them the folder is created empty.
    """
    volumes: list[Yaml] = [{"name": SHM, "emptyDir": {"medium": "Memory", "sizeLimit": f"{size.memory // 2}Gi"}}]
    if deployment.code:
        volumes.append({"name": VOLUME, "configMap": {"name": deployment.code_name}})
    if deployment.forward and size.gpus:
        volumes.append({"name": COMPAT, "hostPath": {"path": deployment.forward.folder, "type": "DirectoryOrCreate"}})
    return volumes
