"""`build`, `images` and `clean`."""

from pathlib import Path

import click

from raydock.cli.options import CommandRequest, as_json, current_project, shared, show, trace, variants
from raydock.cli.output import end, report, warn_of_unused_indexes
from raydock.plan.output import count
from raydock.plan.select import select

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

    Skips steps that are up to date. In a narrow terminal, the table of results drops image, build and size, in this
    order.

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
@variants
@as_json
def clean(names: tuple[str, ...], as_json: bool) -> None:
    """Removes .raydock/, images that newer ones replaced, and base images; with a VARIANT only its image and reports.

    \b
    Example: ./build.py clean                         (images with a tag stay)
             ./build.py clean 'ray2.49.1-*'
    """
    from raydock.pipeline import create

    project = current_project()
    if names:
        removed, errors = create.clean_variants(project, select(project.plan, names=names))
        images = f"Removed {count(len(removed), 'image')}, with logs and reports."
        show({"schema": 1, "removed": removed}, images, as_json=as_json)
        end(errors)
    bases, replaced = create.clean(project.checkout)
    show(
        {"schema": 1, "replaced_images": replaced, "bases": bases},
        f"Removed .raydock/, {count(replaced, 'replaced image')} and {count(bases, 'base')}."
        " The next build makes the bases again from the locked packages.",
        as_json=as_json,
    )
