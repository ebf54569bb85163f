"""Create the publishers of a project: one for each registry."""

from collections.abc import Iterable
from datetime import UTC, datetime

from raydock.builder.schedule import Builder
from raydock.builder.secrets import Secrets
from raydock.core.checkout import Checkout
from raydock.core.errors import RaydockError
from raydock.core.events import Listener
from raydock.core.outcomes import attempt
from raydock.engine.client import connect
from raydock.model import policy
from raydock.pipeline.project import Project
from raydock.plan.planner import Planned
from raydock.publish.attest import read_source
from raydock.publish.gate import Eligibility, Gate
from raydock.publish.options import PublishOptions
from raydock.publish.publisher import Publisher
from raydock.publish.push import Pusher
from raydock.publish.store import release_store
from raydock.publish.tags import aliases
from raydock.publish.upload import Uploader
from raydock.registry.repository import repository


def create_gate(checkout: Checkout, *, allow_unscanned: bool) -> Gate:
    """The gate of a checkout.

    Raises ConfigurationError if scan.yaml is invalid.
    """
    rules, today = policy.load(checkout.policy), datetime.now(UTC).date()
    return Gate(checkout=checkout, policy=rules, today=today, allow_unscanned=allow_unscanned)


def create_publishers(
    project: Project, chosen: Iterable[Planned], registries: Iterable[str], listener: Listener, options: PublishOptions
) -> dict[str, Publisher | RaydockError]:
    """A publisher of the chosen variants for each registry, or why there is none.

    Raises ConfigurationError if scan.yaml is invalid, OutOfReachError if no engine answers.
    """
    checkout = project.checkout
    gate = create_gate(checkout, allow_unscanned=options.allow_unscanned)
    client, jobs = connect(), options.jobs
    builder = Builder(
        client=client, checkout=checkout, matrix=project.matrix, secrets=Secrets(), listener=listener, jobs=jobs
    )
    pusher, source = Pusher(client, listener), read_source(checkout)
    builds, named = Eligibility(builder=builder, gate=gate).check(chosen), aliases(project.variants)

    def create(registry: str) -> Publisher:
        images = repository(registry, insecure=options.insecure)
        images.transport.check_clock()
        uploader = Uploader(repository=images, pusher=pusher, source=source, options=options, listener=listener)
        releases = release_store(images, options.release_repository, insecure=options.insecure)
        return Publisher(releases=releases, uploader=uploader, builds=builds, aliases=named, options=options)

    return {registry: attempt(create, registry) for registry in registries}
