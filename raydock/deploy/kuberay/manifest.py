"""The resources of a deployment.

A ConfigMap with the code comes first, then a RayCluster, RayJob or RayService.
"""

from raydock.deploy.kuberay.deployment import Deployment, OperatorVersion, ResourceKind, Yaml
from raydock.deploy.kuberay.pod import CONTAINER_SECURITY, HEAD, image, pod_spec, ray_pod, worker_size

_PORTS = {"gcs-server": 6379, "dashboard": 8265, "client": 10001}
SERVE_PORT = {"serve": 8000}
_GROUP = "workers"
# The value of KubeRay's sample: a log collector has time to read a finished job's pods.
TTL_SECONDS = 10


def ray_cluster(deployment: Deployment) -> list[Yaml]:
    """Return a RayCluster.

    From KubeRay 1.6 on, its pods are replaced when it is applied with a different image.
    """
    spec = cluster_spec(deployment)
    if deployment.kuberay is not OperatorVersion.V1_3:
        spec = {"upgradeStrategy": {"type": "Recreate"}} | spec
    return _resources(deployment, ResourceKind.RAYCLUSTER, spec)


def ray_job(deployment: Deployment, entrypoint: str, *, shutdown: bool) -> list[Yaml]:
    """Return a RayJob that runs `entrypoint`, a shell command line.

    `shutdown` deletes its cluster after the job.
    """
    ending = {"shutdownAfterJobFinishes": True, "ttlSecondsAfterFinished": TTL_SECONDS} if shutdown else {}
    return _resources(
        deployment,
        ResourceKind.RAYJOB,
        {
            "entrypoint": entrypoint,
            **ending,
            "rayClusterSpec": cluster_spec(deployment),
            "submitterPodTemplate": {"metadata": {"labels": deployment.labels}, "spec": _submitter(deployment)},
        },
    )


def ray_service(deployment: Deployment, serve_config: str) -> list[Yaml]:
    """Return a RayService.

    serve_config: the text of a Ray Serve configuration file.
    """
    spec = {"serveConfigV2": serve_config, "rayClusterConfig": cluster_spec(deployment, SERVE_PORT)}
    return _resources(deployment, ResourceKind.RAYSERVICE, spec)


def _submitter(deployment: Deployment) -> Yaml:
    """Return KubeRay's submitter pod with what a restricted namespace requires.

    KubeRay sets its command.
    """
    container = {
        "name": "ray-job-submitter",
        **image(deployment),
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m", "memory": "200Mi"}},
    }
    return pod_spec(deployment, container) | {"restartPolicy": "Never"}


def _resources(deployment: Deployment, kind: ResourceKind, spec: Yaml) -> list[Yaml]:
    metadata = deployment.metadata(deployment.name)
    resource = {"apiVersion": "ray.io/v1", "kind": kind.resource, "metadata": metadata, "spec": spec}
    if not deployment.code:
        return [resource]
    code = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": deployment.metadata(deployment.code_name),
        "immutable": True,
        "data": deployment.code.files,
    }
    return [code, resource]


def cluster_spec(deployment: Deployment, extra_ports: dict[str, int] | None = None) -> Yaml:
    """Return a cluster's specification.

    `rayStartParams` are strings. KubeRay 1.3 requires the key even if it is empty.
    """
    workers = deployment.workers
    return {
        "rayVersion": deployment.image.ray,
        **(_autoscaling() if workers.autoscaled else {}),
        "headGroupSpec": {
            "rayStartParams": {"num-cpus": "0"},
            "template": ray_pod(deployment, "ray-head", HEAD, _PORTS | (extra_ports or {})),
        },
        "workerGroupSpecs": [
            {
                "groupName": _GROUP,
                "replicas": workers.replicas,
                "minReplicas": workers.least,
                "maxReplicas": workers.most,
                "rayStartParams": {},
                "template": ray_pod(deployment, "ray-worker", worker_size(workers.gpus), {}),
            }
        ],
    }


def _autoscaling() -> Yaml:
    """Return the settings of the autoscaler, a sidecar of the head.

    They are KubeRay's defaults, with restricted privileges.
    """
    amounts = {"cpu": "500m", "memory": "512Mi"}
    return {
        "enableInTreeAutoscaling": True,
        "autoscalerOptions": {
            "upscalingMode": "Default",
            "idleTimeoutSeconds": 60,
            "imagePullPolicy": "IfNotPresent",
            "resources": {"limits": amounts, "requests": dict(amounts)},
            "securityContext": CONTAINER_SECURITY,
        },
    }
