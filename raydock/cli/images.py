"""`build`, `smoke`, `images` and `clean`: the commands that need an engine."""

from pathlib import Path

import click

from raydock.cli.contract import check_contract, check_contract_of_image
from raydock.cli.hosts import host, smoke_on_hosts
from raydock.cli.options import CommandRequest, root, shared
from raydock.cli.output import report, warn_of_unused_indexes
from raydock.cli.smoke import GpuOptions, gpu_options, smoke_any_image
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError

_ca_bundle = click.option(
    "--ca-bundle",
    type=click.Path(path_type=Path),
    help="PEM certificates that builds trust. Default: SSL_CERT_FILE, PIP_CERT or REQUESTS_CA_BUNDLE.",
)


@click.command()
@shared
@_ca_bundle
@click.option("--no-cache", is_flag=True, help="Build every step again. The same fingerprint gives the same image id.")
def build(request: CommandRequest, ca_bundle: Path | None, no_cache: bool) -> None:
    """Builds the selected variants from their locks.

    Skips variants whose image has the current fingerprint.

    \b
    Example: ./build.py build --select 'ray=2.60.0,cuda=cpu'
    """
    from raydock.pipeline.create import create_pipeline

    chosen = request.chosen
    warn_of_unused_indexes()
    with request.writing() as progress:
        built = create_pipeline(request.project, progress, request.jobs, ca_bundle, no_cache).builder.build(chosen)
    report(request, built)


@click.command()
@shared
@click.option("--contract", is_flag=True, help="Check KubeRay's requirements of an image instead of running Ray in it.")
@click.option("--image", metavar="REF", help="Any image on the engine: runs the GPU checks, or --contract.")
@host
@gpu_options
def smoke(
    request: CommandRequest, contract: bool, image: str | None, hosts: tuple[str, ...], options: GpuOptions
) -> None:
    """Tests the built images of the selected variants by running Ray in them.

    Images that were tested before are tested again. If this engine provides GPUs, the GPU checks run too:
    docs/how-to/gpu.md.

    \b
    Example: ./build.py smoke --select 'name=ray2.60.0-py311-cpu'
             ./build.py smoke --gpu require --gpus 0,1 --select 'cuda=13.0'
             ./build.py smoke --gpu require --image pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime --python python
             ./build.py smoke --contract --image rayproject/ray:2.49.1-py311-cpu
             ./build.py smoke --group quickstart --host ssh://ray@gpu1 --host ssh://ray@gpu2
    """
    from raydock.pipeline.create import create_pipeline

    if hosts and (contract or image is not None):
        raise ConfigurationError(
            "--host tests variants of matrix.yaml and cannot be combined with --contract or --image.",
            todo="remove one of these options.",
        )
    if contract and image is not None:
        check_contract_of_image(request, image)
    if contract:
        check_contract(request)
    if image is not None:
        smoke_any_image(request, image, options)
    options.refuse_without_image()
    if hosts:
        smoke_on_hosts(request, hosts, options)
    gpus, chosen = options.gpu_request, request.chosen
    with request.writing() as progress:
        pipeline = create_pipeline(request.project, progress, request.jobs)
        results = pipeline.smoke_all(pipeline.builder.find(chosen), gpus, options.checks)
    report(request, results)


@click.command()
@shared
@_ca_bundle
def images(request: CommandRequest, ca_bundle: Path | None) -> None:
    """The main job: locks, renders, builds and smoke-tests the selected variants.

    Skips steps that are up to date.

    \b
    Example: ./build.py images --group quickstart
    """
    from raydock.pipeline.create import create_pipeline

    chosen = request.chosen
    warn_of_unused_indexes()
    with request.writing() as progress:
        results = create_pipeline(request.project, progress, request.jobs, ca_bundle).images(chosen)
    report(request, results)


@click.command()
def clean() -> None:
    """Removes .raydock/, images that newer ones replaced, and base images.

    \b
    Example: ./build.py clean    (tagged images stay: `docker image rm` removes one)
    """
    from raydock.pipeline import create

    bases, replaced = create.clean(Checkout(root()))
    click.echo(
        f"Removed .raydock/, {replaced} replaced images and {bases} bases."
        " The next build makes the bases again from the locked packages."
    )
