"""`deploy kuberay`."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import click

from raydock.cli.options import root
from raydock.cli.registries import insecure, registry, release_repository, select_one, select_published
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError
from raydock.deploy.kuberay.deployment import DriverAffinity, Format, OperatorVersion, ResourceKind
from raydock.pipeline.project import Project

Command = Callable[..., Any]

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _choice(option: str, default: StrEnum, help: str = "", *, implicit: bool = False) -> Callable[[Command], Command]:
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


@click.command()
@click.argument("variant")
@_choice("--kind", ResourceKind.RAYCLUSTER)
@click.option(
    "--image", default="", metavar="NAME@sha256:...", help="Default: the digest that this engine pushed or pulled."
)
@click.option("--name", default="", help="Default: the variant's name, with dashes for dots.")
@click.option("--workers", type=int, metavar="N", help="Default: 1, or the minimum of --autoscale.")
@click.option("--gpus-per-worker", type=click.IntRange(0, 16), metavar="N", help="Default: 1; 0 for cpu.")
@click.option("--autoscale", default="", metavar="MIN:MAX", help="Ray's autoscaler sets the number of workers.")
@click.option("--code", type=_FOLDER, help="A folder whose files are in /home/ray/samples of the pods (PYTHONPATH).")
@click.option("--entrypoint", default="", metavar="COMMAND", help="The command of a RayJob.")
@click.option("--probe", is_flag=True, help="A RayJob that runs raydock-probe on every worker and fails if one fails.")
@click.option("--shutdown", is_flag=True, help="Stop the cluster of a RayJob when the job has finished.")
@click.option("--serve-config", type=_FILE, help="A RayService's applications: a Ray Serve configuration file.")
@click.option("--namespace", default="", help="Default: the namespace of the kubectl context that applies it.")
@click.option("--node-selector", multiple=True, metavar="LABEL=VALUE", help="Nodes for every pod. Repeatable.")
@click.option("--image-pull-secret", default="", metavar="SECRET", help="The secret with the registry's credentials.")
@_choice(
    "--driver-affinity",
    DriverAffinity.PREFERRED,
    "Nodes of GPU workers, by the driver in the labels of NVIDIA's GPU Feature Discovery. `required` excludes nodes"
    " without these labels (the default on GKE and EKS), so a node group cannot scale from zero.",
    implicit=True,
)
@click.option(
    "--forward-compat",
    is_flag=True,
    help="Accept data-centre GPUs with an older driver: docs/explanation/forward-compatibility.md.",
)
@_choice("--kuberay", OperatorVersion.V1_7)
@_choice("--format", Format.YAML)
@registry
@release_repository
@insecure
def kuberay(
    *,
    variant: str,
    image: str,
    registry: str | None,
    release_repository: str | None,
    insecure: bool,
    **options: Any,
) -> None:
    """Prints a manifest that runs VARIANT with the KubeRay operator.

    The image is pinned by digest. `--format helm` prints values for KubeRay's ray-cluster chart. `--format kustomize`
    prints a kustomization that sets the image and the Ray version in your own manifest.yaml in the same folder.

    \b
    Example: ./build.py deploy kuberay ray2.60.0-py311-cpu --workers 2 | kubectl apply -f -
      ./build.py deploy kuberay ray2.60.0-py311-cpu --kind rayjob --code examples/job --shutdown \\
        --entrypoint 'python /home/ray/samples/sample_code.py'
      ./build.py deploy kuberay ray2.60.0-torch2.13.0-py311-cu130 --kind rayjob --probe --workers 4 --shutdown
    """
    from raydock.deploy.kuberay.resources import KubeRayOptions, make_resources, notes
    from raydock.deploy.kuberay.yamltext import to_yaml
    from raydock.publish.published import find_published
    from raydock.publish.variant_image import ImageState

    if registry and image:
        raise ConfigurationError("--image and --registry both select the image.", todo="give only one of them.")
    if registry:
        named = select_published(variant, registry, release_repository, insecure)
    else:
        project = Project(Checkout(root()))
        named = find_published(select_one(project.plan, variant), project.matrix.registry, image)
    kuberay_options = KubeRayOptions(**options)
    manifests = make_resources(kuberay_options, named)
    for note in notes(kuberay_options, named):
        click.echo(f"raydock: {note}", err=True)
    if named.state is ImageState.PLANNED:
        click.echo(
            "raydock: no engine here has that image: the Ray version and the driver are taken from the plan.", err=True
        )
    click.echo(to_yaml(manifests), nl=False)
