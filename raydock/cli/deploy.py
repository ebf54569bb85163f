"""`deploy`: writes files that run built images."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from raydock.cli.options import Decorator, current_project, echo, forward_compat
from raydock.cli.registries import RegistryOptions, registry_options, select_one
from raydock.core.errors import ConfigurationError
from raydock.deploy import exposure
from raydock.deploy.kuberay.deployment import DriverAffinity, Format, OperatorVersion, ResourceKind, Submission

if TYPE_CHECKING:
    from raydock.deploy.docker.cluster import DockerCluster


@click.group()
def deploy() -> None:
    """Writes files that run an image with KubeRay or with Docker alone.

    \b
    Example: ./build.py deploy kuberay ray2.60.0-py311-cpu --workers 2
    """


_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _choice(option: str, default: StrEnum, help: str = "", *, implicit: bool = False) -> Decorator:
    """An option whose values are the members of its default's enum.

    With `implicit`, None if it is not given.
    """
    kind = type(default)
    values = [member.value for member in kind]
    return click.option(
        option,
        type=click.Choice(values),
        default=None if implicit else default.value,
        show_default=default.value if implicit else True,
        callback=lambda _context, _option, value: value and kind(value),
        help=help,
    )


_OPEN = click.option(
    exposure.OPTION,
    "allow_all",
    is_flag=True,
    help="No token: anyone who reaches the cluster's ports can run programs on it.",
)


@deploy.command()
@click.argument("variant")
@_choice("--kind", ResourceKind.RAYCLUSTER)
@click.option(
    "--image", default="", metavar="NAME@sha256:...", help="Default: the digest that this engine pushed or pulled."
)
@click.option("--name", default="", help="Default: the variant's name, with dashes for dots.")
@click.option("--workers", type=int, metavar="N", help="Default: 1, or the minimum of --autoscale.")
@click.option("--gpus-per-worker", type=click.IntRange(0, 16), metavar="N", help="Default: 1; 0 for cpu.")
@click.option("--head-cpus", default="", metavar="CPUS", help="CPUs of the head, such as 2 or 500m. Default: 2.")
@click.option("--head-memory", default="", metavar="SIZE", help="Memory of the head, such as 8Gi. Default: 4Gi.")
@click.option("--worker-cpus", default="", metavar="CPUS", help="CPUs of a worker. Default: 4 for each GPU, else 2.")
@click.option(
    "--worker-memory",
    default="",
    metavar="SIZE",
    help="Memory of a worker. Default: 16Gi for each GPU, or with vllm; else 4Gi.",
)
@click.option("--autoscale", default="", metavar="MIN:MAX", help="Ray's autoscaler sets the number of workers.")
@click.option("--code", type=_FOLDER, help="A folder whose files are in /home/ray/samples of the pods (PYTHONPATH).")
@click.option("--entrypoint", default="", metavar="COMMAND", help="The command of a RayJob.")
@click.option("--probe", is_flag=True, help="A RayJob that runs raydock-probe on every worker and fails if one fails.")
@click.option("--shutdown", is_flag=True, help="Stop the cluster of a RayJob when the job has finished.")
@_choice(
    "--submission",
    Submission.JOB,
    "Who submits the job of a RayJob: a pod of its own, or a container of the head's pod (KubeRay 1.5 and later).",
    implicit=True,
)
@click.option("--serve-config", type=_FILE, help="A RayService's applications: a Ray Serve configuration file.")
@click.option("--namespace", default="", help="Default: the namespace of the kubectl context that applies it.")
@click.option("--node-selector", multiple=True, metavar="LABEL=VALUE", help="Nodes for every pod. Repeatable.")
@click.option("--priority-class", default="", metavar="NAME", help="The PriorityClass of every pod.")
@click.option("--image-pull-secret", default="", metavar="SECRET", help="The secret with the registry's credentials.")
@_choice(
    "--driver-affinity",
    DriverAffinity.PREFERRED,
    "Nodes of GPU workers, by the driver in the labels of NVIDIA's GPU Feature Discovery. `required` excludes nodes"
    " without these labels (the default on GKE and EKS), so a node group cannot scale from zero.",
    implicit=True,
)
@forward_compat
@_OPEN
@_choice("--kuberay", OperatorVersion.V1_7)
@_choice("--format", Format.YAML)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a file, or nothing if it fails.",
)
@registry_options()
def kuberay(*, variant: str, image: str, output: Path | None, registry: RegistryOptions, **options: Any) -> None:
    """Prints a manifest that runs VARIANT with the KubeRay operator.

    The image is pinned by digest. `--format helm` prints values for KubeRay's ray-cluster chart. `--format kustomize`
    prints a kustomization that sets the image and the Ray version in your own manifest.yaml in the same folder.

    Requests to Ray need a token (KubeRay 1.5.1 and Ray 2.52.0, or later). For older ones, a NetworkPolicy admits only
    the cluster's own pods. --open removes both.

    \b
    Example: ./build.py deploy kuberay ray2.60.0-py311-cpu --workers 2 | kubectl apply -f -
      ./build.py deploy kuberay ray2.60.0-py311-cpu --kind rayjob --code examples/job --shutdown \\
        --entrypoint 'python /home/ray/samples/sample_code.py'
      ./build.py deploy kuberay ray2.60.0-torch2.13.0-py311-cu130 --kind rayjob --probe --workers 4 --shutdown
      ./build.py deploy kuberay ray2.60.0-py311-cpu --format kustomize --output kustomization.yaml
    """
    from raydock.core.files import write_whole
    from raydock.deploy.kuberay.resources import KubeRayOptions, make_resources, notes
    from raydock.deploy.kuberay.yamltext import to_yaml
    from raydock.publish.published import find_published
    from raydock.publish.variant_image import ImageState

    if registry.address and image:
        raise ConfigurationError("--image and --registry both select the image.", todo="give only one of them.")
    if registry.address:
        named = registry.select(variant)
    else:
        project = current_project()
        named = find_published(select_one(project.plan, variant), project.matrix.registry, image)
    kuberay_options = KubeRayOptions(**options)
    manifests = make_resources(kuberay_options, named)
    for note in notes(kuberay_options, named):
        click.echo(f"raydock: {note}", err=True)
    if named.state is ImageState.PLANNED:
        click.echo(
            "raydock: no engine here has that image: the Ray version and the driver are taken from the plan.", err=True
        )
    if output:
        write_whole(output, to_yaml(manifests))
        click.echo(f"raydock: wrote {output}", err=True)
    else:
        click.echo(to_yaml(manifests), nl=False)


@deploy.command()
@click.argument("variant")
@click.option("--head", required=True, metavar="HOST", help="The head's IPv4 address or name.")
@click.option(
    "--worker", "workers", multiple=True, required=True, metavar="HOST", help="A worker's address or name. Repeatable."
)
@click.option("--gpus", type=click.IntRange(0, 64), help="GPUs of each host. Required for a variant with CUDA.")
@click.option("--model", type=click.Path(path_type=Path), help="A folder on every host, mounted read-only at /model.")
@forward_compat
@_OPEN
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR")
@click.option("--force", is_flag=True, help="Replace the files of a different cluster in DIR.")
@registry_options()
def docker(*, variant: str, output: Path, force: bool, registry: RegistryOptions, **options: Any) -> None:
    """Writes files that start a cluster with Docker alone.

    They are compose files, scripts and systemd units. compose.yaml is for one machine. With --gpus, it is for a host
    whose Docker provides GPUs through CDI, and compose.nvidia.yaml is for a host that has only NVIDIA's runtime
    (`doctor` shows which). head.sh and worker.sh, or the systemd units that call them, run on the hosts that --head and
    --worker name, and detect the mechanism.

    Requests to Ray need the token of the file auth-token, which every host and every client needs. --open removes it.

    \b
    Example: ./build.py deploy docker ray2.60.0-py311-cpu --head 10.0.0.1 --worker 10.0.0.2 --output cluster
    """
    from raydock.deploy.docker.cluster import health_warning, make_cluster
    from raydock.deploy.docker.files import render_files, write_files
    from raydock.deploy.docker.token import write_token
    from raydock.hosts import names
    from raydock.publish.published import find_built

    project = current_project()
    published = registry.select(variant) if registry.address else None
    chosen = published or select_one(project.plan, variant)
    cluster = make_cluster(chosen.variant, accepting=names.accepting_hosts(project.checkout.hosts), **options)
    image = published or find_built(select_one(project.plan, variant), project.matrix.registry)
    write_files(output, render_files(cluster, image, project.checkout.templates), force=force)
    unreadable = write_token(output, image.reference or image.id) if cluster.token else ""
    for line in _describe(cluster, output):
        echo(line)
    if unreadable:
        click.echo(unreadable, err=True)
    if warning := health_warning(image):
        click.echo(warning, err=True)
    if not image.digest:
        echo(f"{image.tag} was never pushed. To copy it to a host: `docker save {image.tag} | ssh HOST docker load`.")


def _describe(cluster: "DockerCluster", output: Path) -> Iterator[str]:
    """The purpose of each file, and how it starts a cluster."""
    from raydock.deploy.docker.files import compose_lines, configured_no_proxy
    from raydock.deploy.docker.token import NAME

    yield f"{output} contains, for one machine:"
    yield from (f"  {line}" for line in compose_lines(cluster))
    if excluded := configured_no_proxy():
        yield f"  Its NO_PROXY replaces the noProxy of config.json: write NO_PROXY={excluded} to {output}/.env"
    yield "and for separate hosts:"
    yield f"  {cluster.head}: head.sh, or raydock-head.service, which calls it"
    yield f"  {', '.join(cluster.workers)}: worker.sh, or raydock-worker.service"
    if cluster.token:
        yield f"{NAME} is the token of the cluster. Copy it next to each script; clients need it too."
    else:
        yield f"The cluster is open: {exposure.RISK}."
