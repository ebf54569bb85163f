"""Publishers for a project: one for each registry."""

from collections.abc import Iterable
from datetime import UTC, datetime

from raydock.build.builder import Builder
from raydock.build.engine import connect
from raydock.build.secrets import Secrets
from raydock.errors import RaydockError
from raydock.events import Listener
from raydock.model import policy
from raydock.plan.planner import Planned
from raydock.project import Project
from raydock.ship.publish.carry import Carrier
from raydock.ship.publish.gate import Gate
from raydock.ship.publish.provenance import source
from raydock.ship.publish.publisher import Publisher
from raydock.ship.publish.push import Pusher
from raydock.ship.publish.ready import Judge
from raydock.ship.publish.sign import Signer
from raydock.ship.registry.repository import repository
from raydock.ship.release.store import release_store
from raydock.ship.tags import aliases


def publishers(
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

    Raises ConfigurationError where scan.yaml is wrong, OutOfReachError where no engine answers.
    """
    checkout, today = project.checkout, datetime.now(UTC).date()
    gate = Gate(checkout=checkout, policy=policy.load(checkout.policy), today=today, allow_unscanned=allow_unscanned)
    builder = Builder(
        client=connect(), checkout=checkout, matrix=project.matrix, secrets=Secrets(), listener=listener, jobs=jobs
    )
    judged = Judge(builder=builder, gate=gate).judge(chosen)
    pusher, made_from = Pusher(builder.client, listener), source(checkout)
    named = aliases(project.variants)

    def stop() -> None:
        pusher.stop()
        if signer:
            signer.processes.stop()

    def made(registry: str) -> Publisher | RaydockError:
        try:
            images = repository(registry, insecure=insecure)
            images.transport.hold_clock()
            releases = release_store(images, release_repository, insecure=insecure)
        except RaydockError as error:
            return error
        return Publisher(
            repository=images,
            releases=releases,
            carrier=Carrier(
                repository=images,
                pusher=pusher,
                signer=signer,
                source=made_from,
                require_attachments=require_attachments,
                listener=listener,
            ),
            judged=judged,
            aliases=named,
            jobs=jobs,
            force=force,
            stop=stop,
        )

    return {registry: made(registry) for registry in registries}
