"""The options and functions that the commands for published images share."""

from typing import TYPE_CHECKING

import click

from raydock.core.errors import ConfigurationError

if TYPE_CHECKING:
    from raydock.plan.planner import Planned
    from raydock.plan.select import Choices
    from raydock.publish.variant_image import VariantImage

registry = click.option("--registry", metavar="HOST/PATH", help="Use only images that were published to this registry.")
release_repository = click.option(
    "--release-repository",
    metavar="HOST/PATH",
    envvar="RAYDOCK_RELEASE_REPOSITORY",
    show_envvar=True,
    help="The repository with the release. Default: REGISTRY/index.",
)
insecure = click.option(
    "--insecure-registry", "insecure", is_flag=True, help="Allow plain HTTP and untrusted certificates."
)


def select_one(choices: "Choices", variant: str) -> "Planned":
    """The only variant that a name or a pattern matches.

    Raises ConfigurationError if it matches several.
    """
    from raydock.plan.select import select

    matches = select(choices, names=(variant,))
    if len(matches) > 1:
        raise ConfigurationError(
            f"{variant!r} matches {len(matches)} variants, but exactly one is required.",
            todo=f"name one, such as {matches[-1].name}.",
        )
    return matches[0]


def select_published(variant: str, name: str, release_repository: str | None, insecure: bool) -> "VariantImage":
    """The published image of a variant in a registry."""
    from raydock.publish.store import release_store
    from raydock.publish.variant_image import of_release
    from raydock.registry.repository import repository

    release = release_store(repository(name, insecure=insecure), release_repository or "", insecure=insecure).newest()
    entry = release.entry(select_one(release, variant).name)
    assert entry
    return of_release(entry, name)
