"""The resources of a deployment, rendered from manifest.yaml.j2."""

from raydock.contract.kuberay import AGENT_PORT, DASHBOARD_PORT
from raydock.deploy.kuberay.affinity import node_affinity
from raydock.deploy.kuberay.code import MOUNT
from raydock.deploy.kuberay.deployment import Deployment, ResourceKind, Submission, Yaml
from raydock.deploy.kuberay.protection import environment
from raydock.deploy.kuberay.readiness import probes
from raydock.deploy.kuberay.yamltext import render


def make_manifest(
    deployment: Deployment,
    kind: ResourceKind,
    *,
    entrypoint: str = "",
    shutdown: bool = False,
    submission: Submission = Submission.JOB,
    serve_config: str = "",
) -> list[Yaml]:
    """Return a ConfigMap if there is code, a NetworkPolicy if it protects the cluster, and a resource of a kind.

    entrypoint: the command line of a RayJob, for a shell.
    shutdown: whether a RayJob deletes its cluster after the job.
    submission: who submits the job of a RayJob.
    serve_config: for a RayService, the text of a Ray Serve configuration file.
    """
    floor, gpus = deployment.image.min_driver, deployment.workers.resources.gpus
    return render(
        "manifest.yaml.j2",
        deployment=deployment,
        affinity=node_affinity(floor, deployment.driver_affinity, deployment.forward) if gpus else {},
        environment=environment(deployment),
        readiness=probes(deployment, kind),
        agent_port=AGENT_PORT,
        dashboard_port=DASHBOARD_PORT,
        mount=MOUNT,
        kind=kind,
        entrypoint=entrypoint,
        shutdown=shutdown,
        submission=submission,
        serve_config=serve_config,
    )
