"""`publish` and `verify`."""

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from raydock.cli.options import CommandRequest, as_json, shared, show, variants
from raydock.cli.output import end
from raydock.cli.registries import RegistryOptions, insecure, registry_options, release_repository
from raydock.core.errors import ConfigurationError, ExitCode, RaydockError
from raydock.core.outcomes import attempt, split
from raydock.plan.select import select

if TYPE_CHECKING:
    from raydock.publish.options import PublishOptions
    from raydock.publish.output import PublishResult

    Outcomes = dict[str, PublishResult | RaydockError]


registries = click.option(
    "--registry", "registries", multiple=True, metavar="HOST/PATH", help="Default: matrix.yaml's. Repeatable."
)
dry_run = click.option("--dry-run", is_flag=True, help="Print what would change, and change nothing.")
allow_unscanned = click.option(
    "--allow-unscanned", is_flag=True, help="Also publish images with the verdict `not scanned`."
)


@click.command()
@shared
@variants
@registries
@release_repository
@insecure
@dry_run
@click.option("--force", is_flag=True, help="Push again what the release lists. Never overwrites an immutable tag.")
@allow_unscanned
@click.option(
    "--require-attachments", is_flag=True, help="Refuse an image if the registry does not store its reports and SBOMs."
)
def publish(
    request: CommandRequest, *, registries: tuple[str, ...], release_repository: str, dry_run: bool, **options: Any
) -> None:
    """Pushes the selected variants that passed smoke, contract and scan.

    Their reports and SBOMs are attached. It pushes the immutable tag first, then the variant's tag, then aliases such
    as 2.60.0-py311. After an interruption, run it again to continue. Credentials are those of `docker login`.

    \b
    Example: ./build.py publish --group quickstart --dry-run
      ./build.py publish --registry registry.example/ml/raydock --registry mirror.example/raydock
    """
    from raydock.publish.options import PublishOptions
    from raydock.publish.sign import find_signer

    refuse_shared_repository(release_repository, registries)
    publish_options = PublishOptions(
        jobs=request.jobs, signer=find_signer(), release_repository=release_repository, **options
    )
    outcomes = _outcomes(request, registries or (request.project.matrix.registry,), publish_options, dry_run)
    _report(request, outcomes, dry_run)


def warn_if_unsigned(options: "PublishOptions") -> None:
    """Warns if images are not signed."""
    if options.signer is None:
        click.echo("raydock: cosign is not on PATH, so nothing is signed.", err=True)


def refuse_shared_repository(release_repository: str, registries: tuple[str, ...]) -> None:
    """Raises ConfigurationError if several registries would have one release repository."""
    if release_repository and len(registries) > 1:
        raise ConfigurationError(
            f"--release-repository {release_repository} cannot store the releases of {len(registries)} registries.",
            meaning="Each registry needs a separate release repository.",
            todo="publish to one registry at a time.",
        )


def _outcomes(
    request: CommandRequest, registries: tuple[str, ...], options: "PublishOptions", dry_run: bool
) -> "Outcomes":
    """The result of publishing to each registry; with --dry-run, the expected one."""
    from raydock.publish.assemble import create_publishers
    from raydock.publish.publisher import Publisher

    chosen = request.chosen
    warn_if_unsigned(options)
    with request.writing() as progress:
        publishers = create_publishers(request.project, chosen, registries, progress, options)
        run = Publisher.plan if dry_run else Publisher.publish
        return {registry: attempt(run, publisher) for registry, publisher in publishers.items()}


def _report(request: CommandRequest, outcomes: "Outcomes", dry_run: bool) -> NoReturn:
    """Prints the results of the registries and exits."""
    from raydock.publish import output

    results, errors = split(outcomes)
    texts = [output.format_result(result, dry_run=dry_run) for result in results.values()]
    request.show(output.document(outcomes, dry_run=dry_run), *texts)
    for result in results.values():
        errors |= {f"{result.registry} {name}": error for name, error in result.errors.items()}
    end(errors)


@click.command()
@variants
@registry_options("Default: matrix.yaml's.")
@click.option("--require-attachments", is_flag=True, help="Also fail if files are not attached to their image.")
@as_json
def verify(*, names: tuple[str, ...], registry: RegistryOptions, require_attachments: bool, as_json: bool) -> None:
    """Reports every difference between a registry and its release, or of the given variants in it.

    Differences are missing or moved tags, incomplete images, and attached files that are gone. Files that the registry
    never stored are listed. Nothing is changed: `publish --force` pushes again what this engine has built.

    \b
    Example: ./build.py verify --registry registry.example/ml/raydock
             ./build.py verify 'ray2.60.0-*'
    """
    from raydock.publish.verify import document, format_differences, unattached, verify

    releases = registry.releases()
    release = releases.newest()
    release = release.only({planned.name for planned in select(release, names=names)}) if names else release
    differences = verify(releases, release)
    show(document(release, differences), format_differences(release, differences), as_json=as_json)
    failed = differences or (require_attachments and unattached(release))
    sys.exit(ExitCode.VARIANT_FAILED if failed else ExitCode.DONE)
