"""The options and functions that the commands for published images share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from raydock.cli.options import Decorator, current_project, option_group
from raydock.core.errors import ConfigurationError

if TYPE_CHECKING:
    from raydock.plan.planner import Planned
    from raydock.plan.select import Choices
    from raydock.publish.store import ReleaseStore
    from raydock.publish.variant_image import VariantImage

release_repository = click.option(
    "--release-repository",
    metavar="HOST/PATH",
    default="",
    envvar="RAYDOCK_RELEASE_REPOSITORY",
    show_envvar=True,
    help="The repository with the release. Default: REGISTRY/index.",
)
insecure = click.option(
    "--insecure-registry", "insecure", is_flag=True, help="Allow plain HTTP and untrusted certificates."
)


@dataclass(frozen=True, kw_only=True)
class RegistryOptions:
    """The values of the options for a registry.

    Attributes:
        address: the value of --registry; empty if it is not given.
        release_repository: the value of --release-repository; empty if it is not given.
        insecure: whether plain HTTP and untrusted certificates are allowed.
    """

    address: str
    release_repository: str
    insecure: bool

    def releases(self) -> "ReleaseStore":
        """The releases of the registry; without --registry, of matrix.yaml's."""
        from raydock.publish.store import release_store
        from raydock.registry.repository import repository

        images = repository(self.address or current_project().matrix.registry, insecure=self.insecure)
        return release_store(images, self.release_repository, insecure=self.insecure)

    def select(self, variant: str) -> "VariantImage":
        """The published image of a variant, by its name or a pattern."""
        from raydock.publish.variant_image import of_release

        release = self.releases().newest()
        entry = release.entry(select_one(release, variant).name)
        assert entry
        return of_release(entry, self.address)


def registry_options(help: str = "Use only images that were published to this registry.") -> Decorator:
    """Adds the options for a registry to a command, which gets them as its parameter `registry`."""
    address = click.option("--registry", "address", metavar="HOST/PATH", default="", help=help)
    return option_group("registry", RegistryOptions, address, release_repository, insecure)


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
