"""Check the clauses of KubeRay's contract on an image."""

import dataclasses
import secrets
from collections.abc import Callable, Collection
from functools import partial

from docker import DockerClient
from msgspec.structs import replace

from raydock.contract import heads
from raydock.contract.answer import BrokenError, NotCheckedError, Part, check_clause, merge_parts
from raydock.contract.bench import DEFAULT_TIMEOUTS, Bench, ClauseTimeouts, TestCluster, cluster
from raydock.contract.catalogue import APART, HEAD, TOGETHER, Clause, names
from raydock.contract.kuberay import KubeRayContract, KubeRayRelease, known
from raydock.contract.versions import ray_version
from raydock.core.events import Listener, silent, timed
from raydock.core.parallel import in_parallel
from raydock.engine.client import reaching
from raydock.engine.container import network
from raydock.model.report import Report, Status
from raydock.probe import tokens

Tasks = list[Callable[[], list[Part]]]
_NO_HEAD = "needs a head, which does not start (clause 3)"


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
    timeouts: ClauseTimeouts = DEFAULT_TIMEOUTS,
) -> Report:
    """Check all clauses, or those of `clauses`, on an image (a tag or an id).

    `name`: what the report and messages call it; `jobs`: how many checks run at a time. Their containers are on an
    internal network, and are all removed.

    Raises VariantError if the engine does not have the image, OutOfReachError if the engine stops answering.
    """
    numbers = names().keys() if clauses is None else clauses
    with reaching(f"checking KubeRay's contract on {name}"), network(client) as joint:
        bench = dataclasses.replace(Bench.of(client, image, name, joint), kuberay=kuberay or known(), timeouts=timeouts)
        parts = _check(bench, numbers, jobs, on_event)
    return Report(
        name=name,
        image_id=bench.image.id,
        content=bench.image.content,
        fingerprint=fingerprint,
        checks=tuple(
            merge_parts([part for part in parts if part.id == clause])
            for number, clause in names().items()
            if number in numbers
        ),
    )


def _check(bench: Bench, numbers: Collection[int], jobs: int, on_event: Listener) -> list[Part]:
    tasks: Tasks = [partial(_check_image, bench, clause, on_event) for clause in APART if clause.number in numbers]
    if clauses := [clause for clause in TOGETHER if clause.number in numbers]:
        releases = bench.kuberay.releases
        clusters: Tasks = [partial(_check_cluster, bench, release, clauses, on_event) for release in releases]
        tasks = clusters + tasks  # the longest tasks first
    return [part for parts in in_parallel(lambda task: task(), tasks, jobs, bench.halt) for part in parts]


def _check_image(bench: Bench, clause: Clause[Bench], on_event: Listener) -> list[Part]:
    with timed(on_event, bench.tag, f"{clause.id}: {clause.title}"):
        return [check_clause(clause.id, partial(clause.check, bench))]


def _token(bench: Bench, release: KubeRayRelease) -> str:
    """A new token for a cluster, if this KubeRay has tokens and the image's Ray too; else ""."""
    try:
        supported = release.auth_options and tokens.supported(str(ray_version(bench)))
    except (BrokenError, NotCheckedError):
        return ""  # clause 13 reports it
    return secrets.token_hex(16) if supported else ""


def _check_cluster(
    bench: Bench, release: KubeRayRelease, clauses: list[Clause[TestCluster]], on_event: Listener
) -> list[Part]:
    """Check the clauses that need a head, with this KubeRay's command."""
    others = [clause for clause in clauses if clause.concerns(release) and clause is not HEAD]
    parts: list[Part] = []

    def check() -> str:
        with cluster(bench, release, _token(bench, release)) as started:
            detail = heads.starts(started)
            for clause in others:
                with timed(on_event, bench.tag, f"{clause.id}, KubeRay {release.version}: {clause.title}"):
                    parts.append(check_clause(clause.id, partial(clause.check, started), release.version))
        return detail

    on_event(bench.tag, f"{HEAD.id}, KubeRay {release.version}: {HEAD.title}")
    head = check_clause(HEAD.id, check, release.version)
    if head.status is not Status.PASSED:
        skipped = replace(head, status=Status.SKIPPED, detail=_NO_HEAD, seconds=0.0)
        parts = [replace(skipped, id=clause.id) for clause in others]
    head = replace(head, seconds=head.seconds - sum(part.seconds for part in parts))
    return [head, *parts]
