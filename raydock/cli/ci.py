"""`ci`: generates CI pipelines, and has the commands that their jobs run."""

from typing import TYPE_CHECKING

import click

from raydock.cli.options import CommandRequest, current_project, shared, variants
from raydock.cli.output import end
from raydock.cli.registries import RegistryOptions, registry_options
from raydock.core.errors import OutOfReachError, RaydockError, VariantError
from raydock.core.events import Listener
from raydock.core.outcomes import split

if TYPE_CHECKING:
    from docker import DockerClient

    from raydock.ci.handover import ImageHandover


@click.group()
def ci() -> None:
    """Generates pipelines that build, test and publish changed images.

    Requirements: docs/how-to/ci.md.

    \b
    Example: ./build.py ci github > .github/workflows/images.yml
    """


_check = click.option("--check", is_flag=True, help="Compare with the committed file; exit 1 if it differs.")


@ci.command()
@_check
def github(check: bool) -> None:
    """Prints the workflow for GitHub Actions.

    \b
    Example: ./build.py ci github > .github/workflows/images.yml
    """
    _print_pipeline("github", check)


@ci.command()
@_check
def gitlab(check: bool) -> None:
    """Prints the pipeline for GitLab. Its first job generates the other jobs.

    \b
    Example: ./build.py ci gitlab > .gitlab-ci.yml
    """
    _print_pipeline("gitlab", check)


def _print_pipeline(system: str, check: bool) -> None:
    """Prints the pipeline of a CI system, or compares it with the committed file."""
    from raydock.ci import pipelines

    project, ci_system = current_project(), pipelines.System(system)
    if not check:
        click.echo(pipelines.render_pipeline(ci_system, project.checkout, project.plan), nl=False)
        return
    path = ci_system.path(project.checkout).relative_to(project.checkout.root)
    if problem := pipelines.find_difference(ci_system, project.checkout, project.plan):
        raise VariantError(problem, todo=f"`./build.py ci {system} > {path}`, then commit it.")
    click.echo(f"{path} is up to date.")


@ci.command()
@shared
@variants
@registry_options("The registry with the published images. Default: matrix.yaml's.")
@click.option("--shards", "most", type=click.IntRange(1, 200), default=8, show_default=True, help="The maximum number.")
@click.option(
    "--for", "system", type=click.Choice(["github", "gitlab"]), help="Print the outputs of a step, or GitLab jobs."
)
def plan(request: CommandRequest, *, registry: RegistryOptions, most: int, system: str | None) -> None:
    """Lists, in shards, the selected variants that are not published yet.

    A variant is published if a registry has its current fingerprint. A fingerprint includes the base, so bases that
    this engine does not have are built first.

    \b
    Example: ./build.py ci plan --registry registry.example/raydock --shards 4 --json
    """
    from raydock.ci import pipelines
    from raydock.ci.plan import Load, plan_shards
    from raydock.model import lock
    from raydock.pipeline.create import create_pipeline

    project, chosen = request.project, request.chosen
    published = _published(registry, is_pipeline=system is not None)
    with request.writing() as progress:
        recipes, errors = split(create_pipeline(project, progress, request.jobs).builder.recipes(chosen))
    if errors:
        end(errors)
    current = {name: recipe.fingerprint for name, recipe in recipes.items()}
    loads = [Load.of(planned.variant, lock.load(project.checkout.lock(planned.name))) for planned in chosen]
    shards = plan_shards(current, published, loads, most)
    if system == "github":
        click.echo(shards.github(), nl=False)
    elif system == "gitlab":
        click.echo(pipelines.render_child(project.checkout, project.plan, shards), nl=False)
    else:
        request.show(shards.document(), shards.text())


def _published(registry: RegistryOptions, *, is_pipeline: bool) -> dict[str, str]:
    """The fingerprints of the published images, by variant.

    Without a pipeline, none are if matrix.yaml's registry cannot be reached: a new user has none yet.
    """
    try:
        release = registry.releases().read()
    except OutOfReachError as error:
        if registry.address or is_pipeline:
            raise
        click.echo(f"raydock: {error.what} The plan is for a registry without images.", err=True)
        release = None
    return {entry.name: entry.fingerprint for entry in release.entries} if release else {}


@ci.command()
@shared
@click.argument("repository")
@variants
def push(request: CommandRequest, repository: str) -> None:
    """Pushes the images of the selected variants for other jobs.

    The repository must be used only for this.

    \b
    Example: ./build.py ci push registry.example/raydock/work
    """
    from raydock.ci.handover import base_tags
    from raydock.pipeline.create import create_pipeline

    with request.writing() as progress:
        builder = create_pipeline(request.project, progress, request.jobs).builder
        built = builder.find(request.chosen)
        errors: dict[str, RaydockError] = {result.name: result.error for result in built if result.error}
        handover = _handover(request, builder.client, repository, progress)
        ready = {result.name for result in built if not result.error}
        bases = base_tags(request.project, (planned for planned in request.chosen if planned.name in ready))
        errors |= handover.push(sorted(ready), bases)
    pushed = sorted(ready - errors.keys())
    request.show({"schema": 1, "pushed": pushed}, f"{len(pushed)} of {len(built)} pushed.")
    end(errors)


@ci.command()
@shared
@click.argument("repository")
@variants
def pull(request: CommandRequest, repository: str) -> None:
    """Pulls the images that a different job pushed with `ci push`.

    They then count as built here.

    \b
    Example: ./build.py ci pull registry.example/raydock/work
    """
    from raydock.ci.handover import base_tags
    from raydock.engine.client import connect

    chosen = request.chosen
    with request.writing() as progress:
        handover = _handover(request, connect(), repository, progress)
        errors = handover.pull((planned.name for planned in chosen), base_tags(request.project, chosen))
    pulled = [planned.name for planned in chosen if planned.name not in errors]
    request.show({"schema": 1, "pulled": pulled}, f"{len(pulled)} of {len(chosen)} pulled.")
    end(errors)


def _handover(request: CommandRequest, client: "DockerClient", repository: str, listener: Listener) -> "ImageHandover":
    """The repository through which jobs exchange images."""
    from raydock.ci.handover import ImageHandover

    local = request.project.matrix.registry
    return ImageHandover(client=client, repository=repository, local=local, listener=listener, jobs=request.jobs)
