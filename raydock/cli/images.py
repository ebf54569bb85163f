"""`build`, `smoke`, `images` and `clean`: what needs an engine."""

from pathlib import Path

import click

from raydock.cli.contract import ask_contract, contract_of
from raydock.cli.hosts import host, smoke_there
from raydock.cli.options import CommandRequest, root, shared
from raydock.cli.output import report, tell_unused_indexes
from raydock.cli.smoke import GpuOptions, ask_stranger, on_gpus
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
@click.option("--no-cache", is_flag=True, help="Build every step again; the same fingerprint gives the same image id.")
def build(request: CommandRequest, ca_bundle: Path | None, no_cache: bool) -> None:
    """Builds the selected variants from their locks; what has its fingerprint already is skipped.

    \b
    Example: ./build.py build --select 'ray=2.60.0,cuda=cpu'
    """
    from raydock.pipeline.create import create_pipeline

    chosen = request.chosen
    tell_unused_indexes()
    with request.writing() as progress:
        built = create_pipeline(request.project, progress, request.jobs, ca_bundle, no_cache).builder.build(chosen)
    report(request, built)


@click.command()
@shared
@click.option("--contract", is_flag=True, help="Ask what KubeRay asks of an image, and not whether Ray runs in it.")
@click.option("--image", metavar="REF", help="Any image that the engine holds: what needs a GPU, or --contract.")
@host
@on_gpus
def smoke(
    request: CommandRequest, contract: bool, image: str | None, hosts: tuple[str, ...], asked: GpuOptions
) -> None:
    """Tests the built images of the selected variants by running Ray in them, whether tested before or not.

    What needs a GPU is asked too, where this engine hands out GPUs: docs/how-to/gpu.md.

    \b
    Example: ./build.py smoke --select 'name=ray2.60.0-py311-cpu'
             ./build.py smoke --gpu require --gpus 0,1 --select 'cuda=13.0'
             ./build.py smoke --gpu require --image pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime --python python
             ./build.py smoke --contract --image rayproject/ray:2.49.1-py311-cpu
             ./build.py smoke --group quickstart --host ssh://ray@gpu1 --host ssh://ray@gpu2
    """
    from raydock.pipeline.create import create_pipeline

    if hosts and (contract or image is not None):
        raise ConfigurationError("--host tests our own variants, without --contract.", todo="leave one of them out.")
    if contract and image is not None:
        contract_of(request, image)
    if contract:
        ask_contract(request)
    if image is not None:
        ask_stranger(request, image, asked)
    asked.refuse_without_image()
    if hosts:
        smoke_there(request, hosts, asked)
    wish, chosen = asked.wish, request.chosen
    with request.writing() as progress:
        pipeline = create_pipeline(request.project, progress, request.jobs)
        outcomes = pipeline.smoke_all(pipeline.builder.find(chosen), wish, asked.checks)
    report(request, outcomes)


@click.command()
@shared
@_ca_bundle
def images(request: CommandRequest, ca_bundle: Path | None) -> None:
    """The main job: locks what is stale, renders, builds what is not built, tests what is not tested.

    \b
    Example: ./build.py images --group quickstart
    """
    from raydock.pipeline.create import create_pipeline

    chosen = request.chosen
    tell_unused_indexes()
    with request.writing() as progress:
        outcomes = create_pipeline(request.project, progress, request.jobs, ca_bundle).images(chosen)
    report(request, outcomes)


@click.command()
def clean() -> None:
    """Removes what runs left behind: the folder .raydock/, images that newer ones replaced, and the bases.

    \b
    Example: ./build.py clean    (tagged images stay: `docker image rm` removes one)
    """
    from raydock.pipeline.create import clean as sweep

    bases, replaced = sweep(Checkout(root()))
    click.echo(
        f"Removed .raydock/, {replaced} replaced images and {bases} bases."
        " The next build makes the bases again, from the locked packages."
    )
