"""A Ray cluster in KubeRay's form: a head without tasks and a worker group."""

from raydock.deploy.kuberay.deployment import Deployment, Yaml
from raydock.deploy.kuberay.pod import CONTAINER_SECURITY, HEAD, ray_pod, worker_size

PORTS = {"gcs-server": 6379, "dashboard": 8265, "client": 10001}
GROUP = "workers"


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
            "template": ray_pod(deployment, "ray-head", HEAD, PORTS | (extra_ports or {})),
        },
        "workerGroupSpecs": [
            {
                "groupName": GROUP,
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
