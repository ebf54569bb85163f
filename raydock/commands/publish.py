"""`publish` and `verify`."""

import json
from typing import TYPE_CHECKING

import click

from raydock.commands.answers import end
from raydock.errors import RaydockError
from raydock.options import Request, shared

if TYPE_CHECKING:
    from raydock.ship.publish.publisher import Publisher, Result

_insecure = click.option(
    "--insecure-registry", "insecure", is_flag=True, help="Allow plain HTTP, and certificates nobody vouches for."
)


@click.command()
@shared
@click.option(
    "--registry", "registries", multiple=True, metavar="HOST/PATH", help="Default: matrix.yaml's. Repeatable."
)
@_insecure
@click.option("--dry-run", is_flag=True, help="Say what would move, and change nothing.")
@click.option("--force", is_flag=True, help="Write again what the release says is there. Overwrites no immutable tag.")
@click.option("--allow-unscanned", is_flag=True, help="Also what could not be scanned for lack of a database.")
def publish(
    request: Request,
    *,
    registries: tuple[str, ...],
    insecure: bool,
    dry_run: bool,
    force: bool,
    allow_unscanned: bool,
) -> None:
    """Pushes the selected variants that passed smoke, contract and scan, with what was found of them.

    First the tag that never changes, then the variant's own, then aliases such as 2.60.0-py311. Run again after
    whatever ended it, it goes on. Credentials are those of `docker login`.

    \b
    Example: ./build.py publish --group quickstart --dry-run
      ./build.py publish --registry registry.example/ml/raydock --registry mirror.example/raydock
    """
    from raydock.ship.publish import show
    from raydock.ship.publish.project import publishers

    chosen = request.chosen
    names = registries or (request.project.matrix.registry,)
    with request.writing() as progress:
        made = publishers(
            request.project,
            chosen,
            names,
            progress,
            jobs=request.jobs,
            insecure=insecure,
            force=force,
            allow_unscanned=allow_unscanned,
        )
        outcomes = {name: _outcome(item, dry_run) for name, item in made.items()}
    results = [item for item in outcomes.values() if not isinstance(item, RaydockError)]
    if request.as_json:
        click.echo(json.dumps(show.document(results, pretended=dry_run), indent=1))
    else:
        for result in results:
            request.say(show.words(result, pretended=dry_run))
    errors = {name: item for name, item in outcomes.items() if isinstance(item, RaydockError)}
    end(errors | {f"{item.registry} {name}": error for item in results for name, error in item.errors.items()})


def _outcome(publisher: "Publisher | RaydockError", dry_run: bool) -> "Result | RaydockError":
    if isinstance(publisher, RaydockError):
        return publisher
    try:
        return publisher.pretend() if dry_run else publisher.publish()
    except RaydockError as error:
        return error
