"""What holds of a set of images and not of one: one Python patch a minor, and every tag joins every other's head."""

import json
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from docker import DockerClient

from raydock.contract import heads, joining
from raydock.contract.answer import BrokenError, Part, UnaskedError, answered, merged
from raydock.contract.bench import Bench, ClauseTimeouts, cluster
from raydock.contract.kuberay import known
from raydock.core.events import Listener, silent
from raydock.core.files import write_whole
from raydock.core.parallel import in_parallel
from raydock.engine.client import reaching
from raydock.engine.container import network
from raydock.model.report import SCHEMA, Check, Status
from raydock.model.variant import parse_name

PYTHON, JOIN = "set-13-python", "set-7-join"
PATIENCE = ClauseTimeouts()


@dataclass(frozen=True, kw_only=True)
class SetReport:
    """What was found of a set: its images' ids by name, and the checks of the whole."""

    images: dict[str, str]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return all(check.status is not Status.FAILED for check in self.checks)

    def document(self) -> dict[str, Any]:
        """Its form in JSON (docs/reference/json.md)."""
        return asdict(self)


def save(report: SetReport, path: Path) -> None:
    """Writes a set's report as JSON, whole or not at all."""
    write_whole(path, json.dumps({"schema": SCHEMA, **report.document()}, indent=1) + "\n")


def ask(
    client: DockerClient, images: dict[str, str], on_event: Listener = silent, patience: ClauseTimeouts = PATIENCE
) -> SetReport:
    """Asks a set of variants' images, their ids by name.

    Raises as `run.contract` does.
    """
    with reaching("asking the whole set"), network(client) as joint:
        benches = [
            Bench.of(client, image, name, joint, kuberay=known(), patience=patience) for name, image in images.items()
        ]
        python = answered(13, partial(one_patch, {item.tag: _python(item) for item in benches}))
        joined = _join(benches, on_event)
    return SetReport(images=images, checks=(merged(PYTHON, [python]), merged(JOIN, joined)))


def one_patch(pythons: dict[str, str]) -> str:
    """One Python patch per minor, of images' Python versions by name.

    Raises BrokenError where there are two.
    """
    if unknown := [name for name, version in pythons.items() if not version]:
        raise UnaskedError(f"{', '.join(unknown)} does not say which Python it holds")
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, version in pythons.items():
        found[version.rpartition(".")[0]][version].append(name)
    for patches in found.values():
        if len(patches) > 1:
            words = ", ".join(f"{version} in {', '.join(names)}" for version, names in patches.items())
            raise BrokenError(
                f"Python is {words}: Ray takes a worker only of its head's Python down to the patch, so pods of these"
                " images refuse each other"
            )
    return ", ".join(f"Python {version} in {len(names)}" for one in found.values() for version, names in one.items())


def families(names: list[str]) -> list[list[str]]:
    """The names of equal Ray and Python, where there are two or more."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in names:
        variant = parse_name(name)
        found[variant.ray, variant.python].append(name)
    return [family for family in found.values() if len(family) > 1]


def _python(bench: Bench) -> str:
    return bench.image.labels.python or ""


def _join(benches: list[Bench], on_event: Listener) -> list[Part]:
    by_name = {bench.tag: bench for bench in benches}

    def one(pair: tuple[str, list[str]]) -> Part:
        head, family = pair
        on_event(head, "asking every other tag to join its head")
        others = [by_name[name] for name in family if name != head]
        return answered(7, partial(_all_join, by_name[head], others), head)

    pairs = [(name, family) for family in families(list(by_name)) for name in family]
    if not pairs:
        return [answered(7, _no_family)]
    return in_parallel(one, pairs, 1, lambda: _halt(benches))


def _all_join(bench: Bench, others: list[Bench]) -> str:
    with ExitStack() as stack:
        found = stack.enter_context(cluster(bench, bench.kuberay.releases[-1]))
        heads.starts(found)
        joining.await_nodes(found, [stack.enter_context(joining.worker(found, other)) for other in others])
    return f"its head is joined by {', '.join(other.tag for other in others)}"


def _no_family() -> str:
    raise UnaskedError("no two images of the set have the same Ray and Python")


def _halt(benches: list[Bench]) -> None:
    for bench in benches:
        bench.halt()
