"""`deploy docker`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from raydock.cli.options import root, say
from raydock.cli.registries import insecure, one, one_published, registry, release_repository
from raydock.core.checkout import Checkout
from raydock.pipeline.project import Project

if TYPE_CHECKING:
    from raydock.deploy.docker.cluster import DockerCluster


@click.command()
@click.argument("variant")
@click.option("--head", required=True, metavar="HOST", help="The head's IPv4 address or name.")
@click.option("--worker", "workers", multiple=True, required=True, metavar="HOST", help="A worker's. Repeatable.")
@click.option("--gpus", type=click.IntRange(0, 64), help="GPUs of each host. Must be given for a variant with CUDA.")
@click.option("--model", type=click.Path(path_type=Path), help="A folder of every host, to be read at /model.")
@click.option(
    "--forward-compat",
    is_flag=True,
    help="Accept data-centre GPUs with an older driver: docs/explanation/forward-compatibility.md.",
)
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR")
@registry
@release_repository
@insecure
def docker(
    *,
    variant: str,
    head: str,
    workers: tuple[str, ...],
    gpus: int | None,
    model: Path | None,
    forward_compat: bool,
    output: Path,
    registry: str | None,
    release_repository: str | None,
    insecure: bool,
) -> None:
    """Writes what starts a cluster by bare Docker: compose files, scripts and systemd units.

    compose.yaml is for one machine. With --gpus it is for a host whose Docker hands out GPUs by CDI, and
    compose.nvidia.yaml for a host that has NVIDIA's runtime only (`doctor` says which). head.sh and worker.sh, or the
    systemd units that call them, are for the hosts that --head and --worker name, and choose by themselves.

    \b
    Example: ./build.py deploy docker ray2.60.0-py311-cpu --head 10.0.0.1 --worker 10.0.0.2 --output cluster
    """
    from raydock.core.files import write_whole
    from raydock.deploy.docker.cluster import health_warning, make_cluster
    from raydock.deploy.docker.files import render_files
    from raydock.hosts import names
    from raydock.publish.published import find_built

    project = Project(Checkout(root()))
    published = one_published(variant, registry, release_repository, insecure) if registry else None
    chosen = published or one(project.plan, variant)
    cluster = make_cluster(
        chosen.variant,
        head=head,
        workers=workers,
        gpus=gpus,
        model=model,
        forward_compat=forward_compat,
        accepting=names.accepting_hosts(project.checkout.hosts),
    )
    image = published or find_built(one(project.plan, variant), project.matrix.registry)
    for file in render_files(cluster, image, project.checkout.templates):
        write_whole(output / file.name, file.text, mode=0o755 if file.program else 0o644)
    for line in _steps(cluster, output):
        say(line)
    if warning := health_warning(image):
        click.echo(warning, err=True)
    if not image.digest:
        say(f"{image.tag} was never pushed: `docker save {image.tag} | ssh HOST docker load` brings it to a host.")


def _steps(cluster: "DockerCluster", output: Path) -> Iterator[str]:
    """The purpose of each file, and how to start the cluster with it."""
    from raydock.deploy.docker.files import compose_lines, configured_no_proxy

    yield f"{output} holds, for one machine:"
    yield from (f"  {line}" for line in compose_lines(cluster))
    if excluded := configured_no_proxy():
        yield f"  Its NO_PROXY replaces the noProxy of config.json: write NO_PROXY={excluded} to {output}/.env"
    yield "and for hosts of their own:"
    yield f"  {cluster.head}: head.sh, or raydock-head.service, which calls it"
    yield f"  {', '.join(cluster.workers)}: worker.sh, or raydock-worker.service"
