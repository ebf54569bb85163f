"""What the commands that ask a registry share."""

from typing import TYPE_CHECKING

import click

from raydock.core.errors import ConfigurationError

if TYPE_CHECKING:
    from raydock.plan.planner import Planned
    from raydock.plan.select import Choices
    from raydock.publish.variant_image import VariantImage

registry = click.option("--registry", metavar="HOST/PATH", help="Ask what was published there, and nothing else.")
release_repository = click.option(
    "--release-repository",
    metavar="HOST/PATH",
    envvar="RAYDOCK_RELEASE_REPOSITORY",
    show_envvar=True,
    help="Where the release is kept. Default: REGISTRY/index.",
)
insecure = click.option(
    "--insecure-registry", "insecure", is_flag=True, help="Allow plain HTTP, and certificates of unknown authorities."
)


def one(choices: "Choices", variant: str) -> "Planned":
    """The one variant that a name or a pattern names. Raises ConfigurationError where it names several."""
    from raydock.plan.select import select

    found = select(choices, names=(variant,))
    if len(found) > 1:
        raise ConfigurationError(
            f"{variant!r} names {len(found)} variants, and one is needed.", todo=f"name one, such as {found[-1].name}."
        )
    return found[0]


def one_published(variant: str, name: str, release_repository: str | None, insecure: bool) -> "VariantImage":
    """The image of a variant that was published to a registry."""
    from raydock.publish.store import release_store
    from raydock.publish.variant_image import of_release
    from raydock.registry.repository import repository

    release = release_store(repository(name, insecure=insecure), release_repository or "", insecure=insecure).newest()
    entry = release.entry(one(release, variant).name)
    assert entry
    return of_release(entry, name)
