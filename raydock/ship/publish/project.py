"""Publishers for a project: one for each registry."""

from collections.abc import Iterable
from datetime import UTC, datetime

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
from raydock.ship.publish.sign import signer
from raydock.ship.registry.repository import repository
from raydock.ship.tags import aliases
from raydock.workshop import workshop


def publishers(
    project: Project,
    chosen: Iterable[Planned],
    registries: Iterable[str],
    listener: Listener,
    *,
    jobs: int,
    insecure: bool,
    force: bool,
    allow_unscanned: bool,
) -> dict[str, Publisher | RaydockError]:
    """A publisher of the chosen variants for each registry, or why there is none.

    Raises ConfigurationError where scan.yaml is wrong, OutOfReachError where no engine answers.
    """
    checkout, today = project.checkout, datetime.now(UTC).date()
    gate = Gate(checkout=checkout, policy=policy.load(checkout.policy), today=today, allow_unscanned=allow_unscanned)
    builder = workshop(project, listener, jobs).builder
    judged = Judge(builder=builder, gate=gate).judge(chosen)
    pusher, cosign, made_from = Pusher(builder.client, listener), signer(), source(checkout)
    if cosign is None:
        listener("publish", "no cosign on PATH: nothing is signed")
    named = aliases(project.variants)

    def made(registry: str) -> Publisher | RaydockError:
        try:
            found = repository(registry, insecure=insecure)
        except RaydockError as error:
            return error
        return Publisher(
            repository=found,
            carrier=Carrier(repository=found, pusher=pusher, signer=cosign, source=made_from, listener=listener),
            judged=judged,
            aliases=named,
            jobs=jobs,
            force=force,
            stop=pusher.stop,
        )

    return {registry: made(registry) for registry in registries}
