"""The commands and their words to the user; what they do is elsewhere."""

import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console

from raydock import __version__
from raydock.errors import ExitCode, RaydockError
from raydock.options import Request, root, shared
from raydock.paths import Checkout
from raydock.plan import show
from raydock.progress import Progress
from raydock.project import Project

# What few commands need is imported in them: the engine's SDK, the index's client and the resolvers load slowly.


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="raydock")
def cli() -> None:
    """Builds, proves and ships container images for Ray clusters on GPUs, from matrix.yaml.

    \b
    Start here:
      ./build.py plan                        what can exist, and why the rest cannot
      ./build.py images --group quickstart   lock, render, build and prove two CPU images
    """


@cli.command()
@shared
def plan(request: Request) -> None:
    """Shows which variants can exist and why the others cannot. Needs neither network nor engine.

    \b
    Example: ./build.py plan --select 'vllm=!none,python=3.11'
    """
    chosen = request.chosen
    sizes = request.project.download_bytes(chosen)
    if request.as_json:
        click.echo(json.dumps(show.document(request.project.plan, chosen, sizes), indent=1))
    else:
        request.say(show.table(request.project.plan, chosen, sizes))


@cli.command()
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def facts(quiet: bool) -> None:
    """Reads the releases that matrix.yaml names from the package index anew, into lockfiles/facts.json.

    \b
    Example: ./build.py facts && git diff lockfiles/facts.json
    """
    from raydock.files import write_whole
    from raydock.lock import index
    from raydock.model import facts as model

    project = Project(Checkout(root()))
    today = datetime.now(UTC).date()
    progress = Progress(Console(stderr=True), quiet=quiet)
    with progress:
        found = index.refresh(
            project.matrix, index.from_environment(os.environ), today, lambda name: progress(name, "read")
        )
    write_whole(project.checkout.facts, model.dump(found))
    if not quiet:
        click.echo(f"lockfiles/facts.json holds {len(found.releases)} releases, read {today}.")


@cli.command()
@shared
@click.option("--check", is_flag=True, help="Say what is stale and write nothing; exit 1 where something is.")
@click.option("--resolver", type=click.Choice(["uv", "pip-tools"]), default="uv", show_default=True)
def lock(request: Request, check: bool, resolver: str) -> None:
    """Pins every package of the selected variants with hashes, in lockfiles/, where a lock is missing or stale.

    \b
    Example: ./build.py lock --group serve
    """
    from raydock.lock import locker

    project, chosen = request.project, request.chosen
    variants = [item.variant for item in chosen]
    stale = locker.check(project.matrix, project.checkout, variants)
    if check:
        stale += locker.orphans(project.checkout, project.variants)
        _answer_check([f"lockfiles/{item.name}.txt: {item.reason}" for item in stale], len(chosen), "lock")
    with request.writing() as progress:
        names = {item.name for item in locker.check(project.matrix, project.checkout, variants)}
        wanted = [variant for variant in variants if variant.name in names]
        results = locker.lock(
            project.matrix,
            project.checkout,
            wanted,
            siblings=project.variants,
            jobs=request.jobs,
            resolver=resolver,
            on_event=progress,
        )
    errors = {result.name: result.error for result in results if result.error}
    request.say(f"{len(results) - len(errors)} locked, {len(chosen) - len(results)} were fresh, {len(errors)} failed.")
    _end(errors)


@cli.command()
@shared
@click.option("--check", is_flag=True, help="Say what differs and write nothing; exit 1 where something does.")
def render(request: Request, check: bool) -> None:
    """Renders images/VARIANT/Dockerfile from templates/ and the locks.

    \b
    Example: ./build.py render --check
    """
    from raydock.build import render as rendering

    project, chosen = request.project, request.chosen
    rendered = project.dockerfiles(chosen)
    orphans = rendering.orphans(project.checkout, {item.name for item in project.plan.variants})
    if check:
        lines = [f"{path.relative_to(project.checkout.root)} belongs to no variant" for path in orphans]
        _answer_check(rendering.check(project.checkout, rendered) + lines, len(chosen), "render")
    with request.writing():
        changed = rendering.write(project.checkout, rendered)
        rendering.remove(orphans)
    request.say(f"{len(changed)} Dockerfiles written, {len(rendered) - len(changed)} were as they should be.")


_ca_bundle = click.option(
    "--ca-bundle",
    type=click.Path(path_type=Path),
    help="PEM certificates that builds trust. Default: SSL_CERT_FILE, PIP_CERT or REQUESTS_CA_BUNDLE.",
)


@cli.command()
@shared
@_ca_bundle
@click.option("--no-cache", is_flag=True, help="Build every step again; the same fingerprint gives the same image id.")
def build(request: Request, ca_bundle: Path | None, no_cache: bool) -> None:
    """Builds the selected variants from their locks; what has its fingerprint already is skipped.

    \b
    Example: ./build.py build --select 'ray=2.60.0,cuda=cpu'
    """
    from raydock.pipeline import Outcome
    from raydock.workshop import workshop

    chosen = request.chosen
    with request.writing() as progress:
        built = workshop(request.project, progress, request.jobs, ca_bundle, no_cache).builder.build(chosen)
    _report(request, [Outcome.of(item) for item in built])


@cli.command()
@shared
def smoke(request: Request) -> None:
    """Proves the built images of the selected variants by running Ray in them, whether proved before or not.

    \b
    Example: ./build.py smoke --select 'name=ray2.60.0-py311-cpu'
    """
    from raydock.workshop import workshop

    chosen = request.chosen
    with request.writing() as progress:
        pipeline = workshop(request.project, progress, request.jobs)
        outcomes = pipeline.prove(pipeline.builder.find(chosen), anew=True)
    _report(request, outcomes)


@cli.command()
@shared
@_ca_bundle
def images(request: Request, ca_bundle: Path | None) -> None:
    """The main job: locks what is stale, renders, builds what is not built, proves what is not proved.

    \b
    Example: ./build.py images --group quickstart
    """
    from raydock.workshop import workshop

    chosen = request.chosen
    with request.writing() as progress:
        outcomes = workshop(request.project, progress, request.jobs, ca_bundle).images(chosen)
    _report(request, outcomes)


@cli.command()
def clean() -> None:
    """Removes what runs left behind: the folder build/, and the bases, of which the next build makes new ones.

    \b
    Example: ./build.py clean    (built images stay: `docker image rm` removes one)
    """
    from raydock.workshop import clean as sweep

    removed = sweep(Checkout(root()))
    click.echo(f"build/ is gone, and {removed} base images; the next build makes them of today's Debian packages.")


def _answer_check(lines: list[str], asked: int, command: str) -> NoReturn:
    for line in lines:
        click.echo(line, err=True)
    if lines:
        click.echo(f"Next: `./build.py {command}`, then commit what it writes.", err=True)
        sys.exit(ExitCode.VARIANT_FAILED)
    click.echo(f"All {asked} are as they should be.")
    sys.exit(ExitCode.DONE)


def _report(request: Request, outcomes: list[Any]) -> NoReturn:
    """Says what became of the variants and exits."""
    from raydock import summary

    if request.as_json:
        click.echo(json.dumps({"schema": 1, "variants": [item.document() for item in outcomes]}, indent=1))
    else:
        request.say(summary.table(outcomes))
        request.say(summary.sentence(outcomes))
    _end({item.name: item.error for item in outcomes if item.error}, failed=not all(item.passed for item in outcomes))


def _end(errors: dict[str, RaydockError], *, failed: bool = False) -> NoReturn:
    """Prints the errors and exits: with their code where they share one, else with 1."""
    for error in errors.values():
        click.echo(f"\n{error}", err=True)
    codes = {error.exit_code for error in errors.values()}
    if failed and not codes:
        sys.exit(ExitCode.VARIANT_FAILED)
    sys.exit(codes.pop() if len(codes) == 1 else ExitCode.VARIANT_FAILED if codes else ExitCode.DONE)


def main() -> NoReturn:
    """Runs the command line and exits with the code that errors.py documents."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        cli(standalone_mode=False)
    except RaydockError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.BAD_INPUT)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted. What was finished stays; run the same command again to go on.", err=True)
        sys.stdout.flush()
        # At once: a thread that waits for the network would keep the interpreter until its time limit.
        os._exit(ExitCode.INTERRUPTED)
    sys.exit(ExitCode.DONE)
