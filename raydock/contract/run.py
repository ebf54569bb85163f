"""Asks an image every clause of KubeRay's contract."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from docker import DockerClient

from raydock.contract import heads
from raydock.contract.answer import Part, answered, merged
from raydock.contract.bench import Bench, ClauseTimeouts, TestCluster, cluster
from raydock.contract.catalogue import APART, HEAD, TOGETHER, Clause, names
from raydock.contract.kuberay import KubeRayContract, KubeRayRelease, known
from raydock.core.events import Listener, silent
from raydock.core.parallel import in_parallel
from raydock.engine.client import reaching
from raydock.engine.container import network
from raydock.model.report import Check, Report, Status

Tasks = list[Callable[[], list[Part]]]
PATIENCE = ClauseTimeouts()
_NO_HEAD = "needs a head, and none starts (clause 3)"


def contract(
    client: DockerClient,
    image: str,
    *,
    name: str,
    fingerprint: str,
    clauses: Collection[int] | None = None,
    jobs: int = 2,
    on_event: Listener = silent,
    kuberay: KubeRayContract | None = None,
    patience: ClauseTimeouts = PATIENCE,
) -> Report:
    """Asks an image (a tag or an id), called `name`, and reports every clause, or those of `clauses`.

    At most `jobs` are asked at a time. Its containers have a network of their own without a way out, and none of it is
    left over. Raises VariantError where the engine does not hold the image, OutOfReachError where the engine goes away.
    """
    wanted = names().keys() if clauses is None else clauses
    with reaching(f"asking {name} what KubeRay asks"), network(client) as joint:
        bench = Bench.of(client, image, name, joint, kuberay=kuberay or known(), patience=patience)
        parts = _ask(bench, wanted, jobs, on_event)
    return Report(
        name=name,
        image_id=bench.image.id,
        content=bench.image.content,
        fingerprint=fingerprint,
        checks=_checks(parts, wanted),
    )


def _ask(bench: Bench, wanted: Collection[int], jobs: int, on_event: Listener) -> list[Part]:
    tasks: Tasks = [partial(_apart, bench, clause, on_event) for clause in APART if clause.number in wanted]
    if together := [clause for clause in TOGETHER if clause.number in wanted]:
        clusters: Tasks = [partial(_together, bench, release, together, on_event) for release in bench.kuberay.releases]
        tasks = clusters + tasks  # what takes longest first
    return [part for parts in in_parallel(lambda task: task(), tasks, jobs, bench.halt) for part in parts]


def _apart(bench: Bench, clause: Clause[Bench], on_event: Listener) -> list[Part]:
    on_event(bench.tag, f"{clause.id}: {clause.title}")
    return [answered(clause.number, partial(clause.ask, bench))]


def _together(
    bench: Bench, release: KubeRayRelease, wanted: list[Clause[TestCluster]], on_event: Listener
) -> list[Part]:
    """The parts of the clauses that need a head, asked of the one that this KubeRay starts."""
    asked = [clause for clause in wanted if clause.concerns(release) and clause is not HEAD]
    parts: list[Part] = []

    def ask() -> str:
        with cluster(bench, release) as found:
            started = heads.starts(found)
            for clause in asked:
                on_event(bench.tag, f"{clause.id}, KubeRay {release.version}: {clause.title}")
                parts.append(answered(clause.number, partial(clause.ask, found), release.version))
        return started

    on_event(bench.tag, f"{HEAD.id}, KubeRay {release.version}: {HEAD.title}")
    head = answered(HEAD.number, ask, release.version)
    if head.status is not Status.PASSED:
        parts = [replace(head, number=c.number, status=Status.SKIPPED, detail=_NO_HEAD, seconds=0.0) for c in asked]
    head = replace(head, seconds=head.seconds - sum(part.seconds for part in parts))
    return [head, *parts]


def _checks(parts: list[Part], wanted: Collection[int]) -> tuple[Check, ...]:
    """One check a clause, in the contract's order."""
    return tuple(
        merged(clause, [part for part in parts if part.number == number])
        for number, clause in names().items()
        if number in wanted
    )
