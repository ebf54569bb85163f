"""`deploy kuberay`."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import click

from raydock.cli.options import root
from raydock.cli.registries import insecure, one, one_published, registry, release_repository
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError
from raydock.deploy.kuberay.deployment import DriverAffinity, Format, OperatorVersion, ResourceKind
from raydock.pipeline.project import Project

Command = Callable[..., Any]

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _choice(option: str, default: StrEnum, help: str = "", *, implicit: bool = False) -> Callable[[Command], Command]:
    """An option whose value is one of its default's kind; with `implicit`, None if the option is not given."""
    kind = type(default)
    values = [item.value for item in kind]
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
@click.option("--image", default="", metavar="NAME@sha256:...", help="Default: what this engine pushed or pulled.")
@click.option("--name", default="", help="Default: the variant's, with dashes for dots.")
@click.option("--workers", type=int, metavar="N", help="Default: 1, or the least of --autoscale.")
@click.option("--gpus-per-worker", type=click.IntRange(0, 16), metavar="N", help="Default: 1; 0 for cpu.")
@click.option("--autoscale", default="", metavar="MIN:MAX", help="Ray's autoscaler chooses how many workers run.")
@click.option("--code", type=_FOLDER, help="A folder whose files the pods see in /home/ray/samples (PYTHONPATH).")
@click.option("--entrypoint", default="", metavar="COMMAND", help="What a RayJob runs.")
@click.option("--probe", is_flag=True, help="A RayJob that asks raydock-probe on every worker and fails if one fails.")
@click.option("--shutdown", is_flag=True, help="A RayJob's cluster ends when the job has finished.")
@click.option("--serve-config", type=_FILE, help="A RayService's applications: a Ray Serve configuration file.")
@click.option("--namespace", default="", help="Default: the one of whoever applies it.")
@click.option("--node-selector", multiple=True, metavar="LABEL=VALUE", help="Nodes for every pod. Repeatable.")
@click.option("--image-pull-secret", default="", metavar="SECRET", help="What the registry asks for.")
@_choice(
    "--driver-affinity",
    DriverAffinity.PREFERRED,
    "Nodes of GPU workers, by the driver that NVIDIA's GPU Feature Discovery states. `required` refuses nodes without"
    " its labels (the default on GKE and EKS), so that no node group scales from zero.",
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
    """Prints what runs VARIANT under the KubeRay operator, with its image by digest.

    helm prints values for KubeRay's ray-cluster chart; kustomize a kustomization that puts image and Ray version into
    manifest.yaml, a manifest of your own beside it.

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
        raise ConfigurationError("--image and --registry both say which image is meant.", todo="give one of them.")
    if registry:
        named = one_published(variant, registry, release_repository, insecure)
    else:
        project = Project(Checkout(root()))
        named = find_published(one(project.plan, variant), project.matrix.registry, image)
    asked = KubeRayOptions(**options)
    answer = make_resources(asked, named)
    for note in notes(asked, named):
        click.echo(f"raydock: {note}", err=True)
    if named.state is ImageState.PLANNED:
        click.echo("raydock: no engine here holds that image: Ray's version and the driver are the plan's.", err=True)
    click.echo(to_yaml(answer), nl=False)
