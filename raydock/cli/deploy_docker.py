"""`deploy docker`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from raydock.cli.options import echo, root
from raydock.cli.registries import insecure, registry, release_repository, select_one, select_published
from raydock.core.checkout import Checkout
from raydock.pipeline.project import Project

if TYPE_CHECKING:
    from raydock.deploy.docker.cluster import DockerCluster


@click.command()
@click.argument("variant")
@click.option("--head", required=True, metavar="HOST", help="The head's IPv4 address or name.")
@click.option(
    "--worker", "workers", multiple=True, required=True, metavar="HOST", help="A worker's address or name. Repeatable."
)
@click.option("--gpus", type=click.IntRange(0, 64), help="GPUs of each host. Required for a variant with CUDA.")
@click.option("--model", type=click.Path(path_type=Path), help="A folder on every host, mounted read-only at /model.")
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
    """Writes files that start a cluster with Docker alone.

    They are compose files, scripts and systemd units. compose.yaml is for one machine. With --gpus, it is for a host
    whose Docker provides GPUs through CDI, and compose.nvidia.yaml is for a host that has only NVIDIA's runtime
    (`doctor` shows which). head.sh and worker.sh, or the systemd units that call them, run on the hosts that --head and
    --worker name, and detect the mechanism.

    \b
    Example: ./build.py deploy docker ray2.60.0-py311-cpu --head 10.0.0.1 --worker 10.0.0.2 --output cluster
    """
    from raydock.core.files import write_whole
    from raydock.deploy.docker.cluster import health_warning, make_cluster
    from raydock.deploy.docker.files import render_files
    from raydock.hosts import names
    from raydock.publish.published import find_built

    project = Project(Checkout(root()))
    published = select_published(variant, registry, release_repository, insecure) if registry else None
    chosen = published or select_one(project.plan, variant)
    cluster = make_cluster(
        chosen.variant,
        head=head,
        workers=workers,
        gpus=gpus,
        model=model,
        forward_compat=forward_compat,
        accepting=names.accepting_hosts(project.checkout.hosts),
    )
    image = published or find_built(select_one(project.plan, variant), project.matrix.registry)
    for file in render_files(cluster, image, project.checkout.templates):
        write_whole(output / file.name, file.text, mode=0o755 if file.program else 0o644)
    for line in _describe(cluster, output):
        echo(line)
    if warning := health_warning(image):
        click.echo(warning, err=True)
    if not image.digest:
        echo(f"{image.tag} was never pushed. To copy it to a host: `docker save {image.tag} | ssh HOST docker load`.")


def _describe(cluster: "DockerCluster", output: Path) -> Iterator[str]:
    """The purpose of each file, and how it starts a cluster."""
    from raydock.deploy.docker.files import compose_lines, configured_no_proxy

    yield f"{output} contains, for one machine:"
    yield from (f"  {line}" for line in compose_lines(cluster))
    if excluded := configured_no_proxy():
        yield f"  Its NO_PROXY replaces the noProxy of config.json: write NO_PROXY={excluded} to {output}/.env"
    yield "and for separate hosts:"
    yield f"  {cluster.head}: head.sh, or raydock-head.service, which calls it"
    yield f"  {', '.join(cluster.workers)}: worker.sh, or raydock-worker.service"
