"""The resources that a deployment applies: its code, and then a RayCluster, RayJob or RayService."""

from raydock.deploy.kuberay.cluster import cluster
from raydock.deploy.kuberay.deployment import Deployment, OperatorVersion, ResourceKind, Yaml
from raydock.deploy.kuberay.pod import image, pod_spec

SERVE_PORT = {"serve": 8000}
# As KubeRay's sample: long enough for a log collector to read a finished job's pods.
TTL_SECONDS = 10


def ray_cluster(deployment: Deployment) -> list[Yaml]:
    """A RayCluster. From KubeRay 1.6 on, applying it with another image replaces its pods; before, it does not."""
    spec = cluster(deployment)
    if deployment.kuberay is not OperatorVersion.V1_3:
        spec = {"upgradeStrategy": {"type": "Recreate"}} | spec
    return _resources(deployment, ResourceKind.RAYCLUSTER, spec)


def ray_job(deployment: Deployment, entrypoint: str, *, shutdown: bool) -> list[Yaml]:
    """A RayJob that runs `entrypoint`, a shell's command line; `shutdown` ends its cluster when it has finished."""
    ending = {"shutdownAfterJobFinishes": True, "ttlSecondsAfterFinished": TTL_SECONDS} if shutdown else {}
    return _resources(
        deployment,
        ResourceKind.RAYJOB,
        {
            "entrypoint": entrypoint,
            **ending,
            "rayClusterSpec": cluster(deployment),
            "submitterPodTemplate": {"metadata": {"labels": deployment.labels}, "spec": _submitter(deployment)},
        },
    )


def ray_service(deployment: Deployment, serve_config: str) -> list[Yaml]:
    """A RayService of the applications in `serve_config`, a Ray Serve configuration file's text."""
    spec = {"serveConfigV2": serve_config, "rayClusterConfig": cluster(deployment, SERVE_PORT)}
    return _resources(deployment, ResourceKind.RAYSERVICE, spec)


def _submitter(deployment: Deployment) -> Yaml:
    """KubeRay's submitter with what a restricted namespace asks for; its command is left to KubeRay."""
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
