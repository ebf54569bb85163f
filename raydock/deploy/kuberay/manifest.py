"""The resources of a deployment, rendered from manifest.yaml.j2."""

from raydock.deploy.kuberay.affinity import node_affinity
from raydock.deploy.kuberay.code import MOUNT
from raydock.deploy.kuberay.deployment import Deployment, ResourceKind, Yaml
from raydock.deploy.kuberay.yamltext import render


def make_manifest(
    deployment: Deployment, kind: ResourceKind, *, entrypoint: str = "", shutdown: bool = False, serve_config: str = ""
) -> list[Yaml]:
    """Return a ConfigMap with the code if there is code, and a resource of a kind.

    entrypoint: the command line of a RayJob, for a shell.
    shutdown: whether a RayJob deletes its cluster after the job.
    serve_config: for a RayService, the text of a Ray Serve configuration file.
    """
    floor, gpus = deployment.image.min_driver, deployment.workers.gpus
    return render(
        "manifest.yaml.j2",
        deployment=deployment,
        affinity=node_affinity(floor, deployment.driver_affinity, deployment.forward) if gpus else {},
        mount=MOUNT,
        kind=kind,
        entrypoint=entrypoint,
        shutdown=shutdown,
        serve_config=serve_config,
    )
