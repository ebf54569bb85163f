"""Create the publishers of a project: one for each registry."""

from collections.abc import Iterable
from datetime import UTC, datetime

from raydock.builder.schedule import Builder
from raydock.builder.secrets import Secrets
from raydock.core.errors import RaydockError
from raydock.core.events import Listener
from raydock.engine.client import connect
from raydock.model import policy
from raydock.pipeline.project import Project
from raydock.plan.planner import Planned
from raydock.publish.attest import read_source
from raydock.publish.eligible import Eligibility
from raydock.publish.gate import Gate
from raydock.publish.publisher import Publisher
from raydock.publish.push import Pusher
from raydock.publish.sign import Signer
from raydock.publish.store import release_store
from raydock.publish.tags import aliases
from raydock.publish.upload import Uploader
from raydock.registry.repository import repository


def create_publishers(
    project: Project,
    chosen: Iterable[Planned],
    registries: Iterable[str],
    listener: Listener,
    *,
    signer: Signer | None,
    jobs: int,
    insecure: bool,
    force: bool,
    allow_unscanned: bool,
    release_repository: str = "",
    require_attachments: bool = False,
) -> dict[str, Publisher | RaydockError]:
    """A publisher of the chosen variants for each registry, or why there is none.

    Raises ConfigurationError if scan.yaml is invalid, OutOfReachError if no engine answers.
    """
    checkout, today = project.checkout, datetime.now(UTC).date()
    gate = Gate(checkout=checkout, policy=policy.load(checkout.policy), today=today, allow_unscanned=allow_unscanned)
    builder = Builder(
        client=connect(), checkout=checkout, matrix=project.matrix, secrets=Secrets(), listener=listener, jobs=jobs
    )
    judged = Eligibility(builder=builder, gate=gate).check(chosen)
    pusher, made_from = Pusher(builder.client, listener), read_source(checkout)
    named = aliases(project.variants)

    def stop() -> None:
        pusher.stop()
        if signer:
            signer.processes.stop()

    def made(registry: str) -> Publisher | RaydockError:
        try:
            images = repository(registry, insecure=insecure)
            images.transport.check_clock()
            releases = release_store(images, release_repository, insecure=insecure)
        except RaydockError as error:
            return error
        return Publisher(
            repository=images,
            releases=releases,
            uploader=Uploader(
                repository=images,
                pusher=pusher,
                signer=signer,
                source=made_from,
                require_attachments=require_attachments,
                listener=listener,
            ),
            builds=judged,
            aliases=named,
            jobs=jobs,
            force=force,
            stop=stop,
        )

    return {registry: made(registry) for registry in registries}
