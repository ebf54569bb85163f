"""Create the publishers of a project: one for each registry."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from raydock.builder.schedule import Builder
from raydock.builder.secrets import Secrets
from raydock.core.errors import RaydockError
from raydock.core.events import Listener
from raydock.engine.client import connect
from raydock.model import policy
from raydock.pipeline.project import Project
from raydock.plan.planner import Planned
from raydock.publish.attest import read_source
from raydock.publish.gate import Eligibility, Gate
from raydock.publish.publisher import Publisher
from raydock.publish.push import Pusher
from raydock.publish.sign import Signer
from raydock.publish.store import release_store
from raydock.publish.tags import aliases
from raydock.publish.upload import Uploader
from raydock.registry.repository import repository


@dataclass(frozen=True, kw_only=True)
class PublishOptions:
    """How images are published.

    Attributes:
        jobs: the number of images that are published at the same time.
        signer: signs them; None if they are not signed.
        insecure: whether plain HTTP and certificates of unknown authorities are allowed.
        force: whether everything is checked and written again, whatever the release says.
        allow_unscanned: whether images that were not scanned are also published.
        require_attachments: whether an image fails if the registry does not store its reports and SBOMs.
        release_repository: the repository of the release; empty: next to the images.
    """

    jobs: int
    signer: Signer | None = None
    insecure: bool = False
    force: bool = False
    allow_unscanned: bool = False
    require_attachments: bool = False
    release_repository: str = ""


def create_publishers(
    project: Project, chosen: Iterable[Planned], registries: Iterable[str], listener: Listener, options: PublishOptions
) -> dict[str, Publisher | RaydockError]:
    """A publisher of the chosen variants for each registry, or why there is none.

    Raises ConfigurationError if scan.yaml is invalid, OutOfReachError if no engine answers.
    """
    checkout = project.checkout
    gate = Gate(
        checkout=checkout,
        policy=policy.load(checkout.policy),
        today=datetime.now(UTC).date(),
        allow_unscanned=options.allow_unscanned,
    )
    builder = Builder(
        client=connect(),
        checkout=checkout,
        matrix=project.matrix,
        secrets=Secrets(),
        listener=listener,
        jobs=options.jobs,
    )
    uploader = partial(
        Uploader,
        pusher=Pusher(builder.client, listener),
        signer=options.signer,
        source=read_source(checkout),
        require_attachments=options.require_attachments,
        listener=listener,
    )
    publisher = partial(
        Publisher,
        builds=Eligibility(builder=builder, gate=gate).check(chosen),
        aliases=aliases(project.variants),
        jobs=options.jobs,
        force=options.force,
    )
    return {registry: _connected(registry, options, uploader, publisher) for registry in registries}


def _connected(
    registry: str, options: PublishOptions, uploader: Callable[..., Uploader], publisher: Callable[..., Publisher]
) -> Publisher | RaydockError:
    """The publisher for one registry, or why there is none."""
    try:
        images = repository(registry, insecure=options.insecure)
        images.transport.check_clock()
        releases = release_store(images, options.release_repository, insecure=options.insecure)
    except RaydockError as error:
        return error
    return publisher(releases=releases, uploader=uploader(repository=images))
