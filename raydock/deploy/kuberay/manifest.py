"""The resources of a deployment, rendered from manifest.yaml.j2."""

from raydock.deploy.kuberay.affinity import node_affinity
from raydock.deploy.kuberay.code import MOUNT
from raydock.deploy.kuberay.deployment import Deployment, ResourceKind, Yaml
from raydock.deploy.kuberay.yamltext import render

_PORTS = {"gcs-server": 6379, "dashboard": 8265, "client": 10001}
_SERVE_PORT = {"serve": 8000}


def make_manifest(
    deployment: Deployment, kind: ResourceKind, *, entrypoint: str = "", shutdown: bool = False, serve_config: str = ""
) -> list[Yaml]:
    """Return a ConfigMap with the code if there is code, and a resource of a kind.

    entrypoint: the command line of a RayJob, for a shell.
    shutdown: whether a RayJob deletes its cluster after the job.
    serve_config: for a RayService, the text of a Ray Serve configuration file.
    """
    image, workers = deployment.image, deployment.workers
    gpus = workers.gpus
    return render(
        "manifest.yaml.j2",
        deployment=deployment,
        image=image,
        workers=workers,
        labels=deployment.labels,
        affinity=node_affinity(image.min_driver, deployment.driver_affinity, deployment.forward) if gpus else {},
        ports=_PORTS | (_SERVE_PORT if kind is ResourceKind.RAYSERVICE else {}),
        mount=MOUNT,
        kind=kind,
        entrypoint=entrypoint,
        shutdown=shutdown,
        serve_config=serve_config,
    )
