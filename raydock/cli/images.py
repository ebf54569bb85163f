"""`build`, `images` and `clean`."""

from pathlib import Path

import click

from raydock.cli.options import CommandRequest, current_project, shared, trace, variants
from raydock.cli.output import report, warn_of_unused_indexes

ca_bundle = click.option(
    "--ca-bundle",
    type=click.Path(path_type=Path),
    help="PEM certificates that builds trust. Default: SSL_CERT_FILE, PIP_CERT or REQUESTS_CA_BUNDLE.",
)


@click.command()
@shared
@variants
@ca_bundle
@click.option("--no-cache", is_flag=True, help="Build every step again. The same fingerprint gives the same image id.")
@trace
def build(request: CommandRequest, ca_bundle: Path | None, no_cache: bool, trace: Path | None) -> None:
    """Builds the selected variants from their locks.

    Skips variants whose image has the current fingerprint.

    \b
    Example: ./build.py build --select 'ray=2.60.0,cuda=cpu'
    """
    from raydock.pipeline.create import create_pipeline

    chosen = request.chosen
    warn_of_unused_indexes()
    with request.writing(trace) as recorder:
        built = create_pipeline(request.project, recorder, request.jobs, ca_bundle, no_cache).builder.build(chosen)
    report(request, built, steps=recorder.steps)


@click.command()
@shared
@variants
@ca_bundle
@trace
def images(request: CommandRequest, ca_bundle: Path | None, trace: Path | None) -> None:
    """The main job: locks, renders, builds and smoke-tests the selected variants.

    Skips steps that are up to date.

    \b
    Example: ./build.py images --group quickstart
    """
    from raydock.pipeline.create import create_pipeline

    chosen = request.chosen
    warn_of_unused_indexes()
    with request.writing(trace) as recorder:
        results = create_pipeline(request.project, recorder, request.jobs, ca_bundle).images(chosen)
    report(request, results, steps=recorder.steps)


@click.command()
def clean() -> None:
    """Removes .raydock/, images that newer ones replaced, and base images.

    \b
    Example: ./build.py clean    (tagged images stay: `docker image rm` removes one)
    """
    from raydock.pipeline import create

    bases, replaced = create.clean(current_project().checkout)
    click.echo(
        f"Removed .raydock/, {replaced} replaced images and {bases} bases."
        " The next build makes the bases again from the locked packages."
    )
