"""`ci`: pipelines for CI systems, and what their jobs run."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from raydock.cli.options import CommandRequest, root, shared
from raydock.cli.output import end
from raydock.cli.registries import insecure, release_repository
from raydock.core.checkout import Checkout
from raydock.core.errors import RaydockError, VariantError
from raydock.core.events import Listener
from raydock.pipeline.project import Project

if TYPE_CHECKING:
    from docker import DockerClient

    from raydock.ci.handover import ImageHandover


@click.group()
def ci() -> None:
    """Pipelines that build, test and publish what is not published yet; docs/how-to/ci.md has what they need.

    \b
    Example: ./build.py ci github > .github/workflows/images.yml
    """


def _printing(system: str) -> Callable[..., Any]:
    """The command that prints one system's pipeline, or checks the committed one."""

    @ci.command(system, help=_HELP[system])
    @click.option("--check", is_flag=True, help="Say whether the committed one differs; exit 1 where it does.")
    def command(check: bool) -> None:
        from raydock.ci import pipelines

        project, wanted = Project(Checkout(root())), pipelines.System(system)
        if not check:
            click.echo(pipelines.render_pipeline(wanted, project.checkout, project.plan), nl=False)
            return
        path = wanted.path(project.checkout).relative_to(project.checkout.root)
        if trouble := pipelines.find_difference(wanted, project.checkout, project.plan):
            raise VariantError(trouble, todo=f"`./build.py ci {system} > {path}`, then commit it.")
        click.echo(f"{path} is as it should be.")

    return command


_HELP = {
    "github": """Prints the workflow for GitHub Actions.

    \b
    Example: ./build.py ci github > .github/workflows/images.yml
    """,
    "gitlab": """Prints the pipeline for GitLab, whose first job prints the rest.

    \b
    Example: ./build.py ci gitlab > .gitlab-ci.yml
    """,
}
github, gitlab = map(_printing, ("github", "gitlab"))


@ci.command()
@shared
@click.option("--registry", metavar="HOST/PATH", help="Where what is published lies. Default: matrix.yaml's.")
@release_repository
@insecure
@click.option("--shards", "most", type=click.IntRange(1, 200), default=8, show_default=True, help="At most so many.")
@click.option("--for", "system", type=click.Choice(["github", "gitlab"]), help="As outputs of a step, or as jobs.")
def plan(
    request: CommandRequest,
    *,
    registry: str | None,
    release_repository: str | None,
    insecure: bool,
    most: int,
    system: str | None,
) -> None:
    """Says which of the selected variants a registry has not published as they would be built now, in shards.

    A fingerprint is over the base too: bases are made where this engine lacks them.

    \b
    Example: ./build.py ci plan --registry registry.example/raydock --shards 4 --json
    """
    from raydock.builder.recipe import Recipe
    from raydock.ci import pipelines
    from raydock.ci.plan import plan_shards
    from raydock.ci.shards import Load
    from raydock.model import lock
    from raydock.pipeline.create import create_pipeline
    from raydock.publish.store import published_fingerprints

    project, chosen = request.project, request.chosen
    published = published_fingerprints(registry or project.matrix.registry, release_repository or "", insecure=insecure)
    with request.writing() as progress:
        recipes = create_pipeline(project, progress, request.jobs).builder.recipes(chosen)
    if errors := {name: recipe for name, recipe in recipes.items() if isinstance(recipe, RaydockError)}:
        end(errors)
    wanted = {name: recipe.fingerprint for name, recipe in recipes.items() if isinstance(recipe, Recipe)}
    loads = [Load.of(item.variant, lock.load(project.checkout.lock(item.name))) for item in chosen]
    found = plan_shards(wanted, published, loads, most)
    if system == "github":
        click.echo(found.github(), nl=False)
    elif system == "gitlab":
        click.echo(pipelines.render_child(project.checkout, project.plan, found), nl=False)
    elif request.as_json:
        click.echo(json.dumps(found.document(), indent=1))
    else:
        request.say(found.table())


@ci.command()
@shared
@click.argument("repository")
def push(request: CommandRequest, repository: str) -> None:
    """Hands the selected variants' images on to other jobs' engines, through a repository that is for nothing else.

    \b
    Example: ./build.py ci push registry.example/raydock/work
    """
    from raydock.ci.handover import base_tags
    from raydock.pipeline.create import create_pipeline

    with request.writing() as progress:
        builder = create_pipeline(request.project, progress, request.jobs).builder
        built = builder.find(request.chosen)
        errors: dict[str, RaydockError] = {item.name: item.error for item in built if item.error}
        handover = _handover(request, builder.client, repository, progress)
        ready = {item.name for item in built if not item.error}
        bases = base_tags(request.project, (item for item in request.chosen if item.name in ready))
        errors |= handover.push(sorted(ready), bases)
    request.say(f"{len(ready - errors.keys())} of {len(built)} pushed.")
    end(errors)


@ci.command()
@shared
@click.argument("repository")
def pull(request: CommandRequest, repository: str) -> None:
    """Fetches what another job handed on; the images are then as if built here.

    \b
    Example: ./build.py ci pull registry.example/raydock/work
    """
    from raydock.ci.handover import base_tags
    from raydock.engine.client import connect

    chosen = request.chosen
    with request.writing() as progress:
        handover = _handover(request, connect(), repository, progress)
        errors = handover.pull((item.name for item in chosen), base_tags(request.project, chosen))
    request.say(f"{sum(item.name not in errors for item in chosen)} of {len(chosen)} pulled.")
    end(errors)


def _handover(request: CommandRequest, client: "DockerClient", repository: str, listener: Listener) -> "ImageHandover":
    """The repository through which jobs pass images to each other."""
    from raydock.ci.handover import ImageHandover

    local = request.project.matrix.registry
    return ImageHandover(client=client, repository=repository, local=local, listener=listener, jobs=request.jobs)
