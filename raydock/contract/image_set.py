"""The checks of a set: one Python patch per minor version; tags join heads."""

from collections import defaultdict
from contextlib import ExitStack
from functools import partial

from docker import DockerClient

from raydock.contract import heads, joining
from raydock.contract.answer import BrokenError, NotCheckedError, Part, check_clause, merge_parts
from raydock.contract.bench import Bench, cluster
from raydock.core.events import Listener, silent
from raydock.core.parallel import in_parallel
from raydock.engine.client import reaching
from raydock.engine.container import network
from raydock.model.report import SetReport, Status
from raydock.model.variant import parse_name

PYTHON, JOIN = "set-13-python", "set-7-join"


def check_set(client: DockerClient, images: dict[str, str], on_event: Listener = silent) -> SetReport:
    """Check a set of variants' images, ids by name.

    Raises the errors of `run.contract`.
    """
    with reaching("checking the set of images"), network(client) as joint:
        benches = [Bench.of(client, image, name, joint) for name, image in images.items()]
        pythons = {bench.tag: bench.image.labels.python or "" for bench in benches}
        python = check_clause(PYTHON, partial(require_one_patch, pythons))
        joined = _join(benches, on_event)
    return SetReport(images=images, checks=(merge_parts([python]), merge_parts(joined)))


def require_one_patch(pythons: dict[str, str]) -> str:
    """Check that all images with one minor version have one patch.

    `pythons`: the version by image name.

    Raises BrokenError if there are two.
    """
    if unknown := [name for name, version in pythons.items() if not version]:
        raise NotCheckedError(f"{', '.join(unknown)} does not state its Python version")
    minors: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, version in pythons.items():
        minors[version.rpartition(".")[0]][version].append(name)
    for patches in minors.values():
        if len(patches) > 1:
            text = ", ".join(f"{version} in {', '.join(names)}" for version, names in patches.items())
            raise BrokenError(
                f"Python is {text}: Ray accepts a worker only with its head's Python version, including the patch, so"
                " pods of these images refuse each other"
            )
    counts = [(version, len(names)) for patches in minors.values() for version, names in patches.items()]
    return ", ".join(f"Python {version} in {count}" for version, count in counts)


def families(names: list[str]) -> list[list[str]]:
    """The groups of two or more names with equal Ray and Python."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in names:
        variant = parse_name(name)
        groups[variant.ray, variant.python].append(name)
    return [family for family in groups.values() if len(family) > 1]


def _join(benches: list[Bench], on_event: Listener) -> list[Part]:
    by_name = {bench.tag: bench for bench in benches}

    def check_head(pair: tuple[str, list[str]]) -> Part:
        head, family = pair
        on_event(head, "joining its head with all other tags")
        others = [by_name[name] for name in family if name != head]
        return check_clause(JOIN, partial(_all_join, by_name[head], others), head)

    def halt() -> None:
        for bench in benches:
            bench.halt()

    pairs = [(name, family) for family in families(list(by_name)) for name in family]
    if not pairs:
        reason = "no two images of the set have the same Ray and Python"
        return [Part(id=JOIN, status=Status.SKIPPED, detail=reason, seconds=0.0)]
    return in_parallel(check_head, pairs, 1, halt)


def _all_join(bench: Bench, others: list[Bench]) -> str:
    with ExitStack() as stack:
        started = stack.enter_context(cluster(bench, bench.kuberay.releases[-1]))
        heads.starts(started)
        joining.await_nodes(started, [stack.enter_context(joining.worker(started, other)) for other in others])
    return f"its head is joined by {', '.join(other.tag for other in others)}"
