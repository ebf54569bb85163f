"""`add`."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from raydock.cli.facts import known_facts
from raydock.cli.options import as_json, current_project, locked, show, width
from raydock.cli.output import warn_of_unused_indexes
from raydock.core import texttable
from raydock.core.errors import ConfigurationError, nearest
from raydock.core.progress import Progress
from raydock.model.variant import Axis
from raydock.plan.output import count

if TYPE_CHECKING:
    from raydock.add.add import Addition, Versions

_AXES = [axis.value for axis in Axis if axis is not Axis.ARCH]


@click.command()
@click.argument("versions", nargs=-1, required=True, metavar="AXIS VERSION [AXIS VERSION]...")
@as_json
def add(versions: tuple[str, ...], as_json: bool) -> None:
    """Adds versions to the axes of matrix.yaml, and shows which variants become possible.

    Reads the facts of new releases. Comments in matrix.yaml stay. If a version is newer than `cutoff`, the cut-off day
    moves to it: other locks and images stay as they are. Axes: ray, torch, vllm, cuda, python.

    \b
    Example: ./build.py add ray 2.61.0
             ./build.py add vllm 0.33.0 torch 2.14.0
    """
    from raydock.add.add import Adder
    from raydock.index.client import from_environment

    project, requested = current_project(), _pairs(versions)
    warn_of_unused_indexes()
    with locked(project), Progress(Console(stderr=True), quiet=as_json) as progress:
        progress("facts", "reading the package index")
        adder = Adder(
            checkout=project.checkout,
            facts=known_facts(project),
            index=from_environment(os.environ, progress),
            today=datetime.now(UTC).date(),
            listener=progress,
        )
        addition = adder.add(requested)
        addition.write()
    show(_document(addition), "\n".join(_lines(addition)), as_json=as_json)


def _pairs(arguments: tuple[str, ...]) -> "Versions":
    """The versions with their axes.

    Raises ConfigurationError if an axis is unknown, or has no version.
    """
    pairs = [arguments[start : start + 2] for start in range(0, len(arguments), 2)]
    for pair in pairs:
        if pair[0] not in _AXES:
            raise ConfigurationError(f"{pair[0]!r} is not an axis of matrix.yaml.", todo=nearest(pair[0], _AXES))
        if len(pair) == 1:
            raise ConfigurationError(f"{pair[0]} has no version.", todo=f"`./build.py add {pair[0]} VERSION`.")
    return [(Axis(axis), version) for axis, version in pairs]


def _lines(addition: "Addition") -> Iterator[str]:
    """What was added, the variants that become possible, the locks that change, and the next command."""
    columns, before, after = width(), addition.before, addition.matrix
    added = [f"{axis} {value}" for axis, value in addition.versions]
    yield from texttable.wrap(f"matrix.yaml: added {', '.join(added)}.", columns)
    if after.cutoff != before.cutoff:
        moved = f"matrix.yaml: cutoff {before.cutoff} -> {after.cutoff}; timestamp is {after.timestamp}, as before."
        yield from texttable.wrap(moved, columns)
    if addition.read:
        yield from texttable.wrap(f"lockfiles/facts.json: read {', '.join(addition.read)}.", columns)
    yield f"{count(len(addition.possible), 'more variant')} can exist:"
    for planned in addition.possible:
        yield f"  {planned.name}" + (f"  ({', '.join(planned.groups)})" if planned.groups else "")
    (axis, value), *_ = addition.versions
    if addition.impossible:
        points = (
            f"{count(len(addition.impossible), 'new point')} cannot exist: `./build.py plan --why` has the reasons."
        )
        yield from texttable.wrap(points, columns)
    yield from texttable.wrap(_locks(addition), columns)
    yield f"Next: `./build.py release --select {axis}={value}`."


def _locks(addition: "Addition") -> str:
    """How many locks are to make, and which ones change."""
    from raydock.lock.stale import StaleReason

    stale = [name for name, reason in addition.stale.items() if reason is not StaleReason.MISSING]
    others = f"these change: {', '.join(stale)}" if stale else "no other lock changes"
    return f"Locks: {len(addition.stale) - len(stale)} to make; {others}."


def _document(addition: "Addition") -> dict[str, Any]:
    """The document of `add --json`."""
    return {
        "schema": 1,
        "added": [{"axis": axis.value, "version": value} for axis, value in addition.versions],
        "cutoff": addition.matrix.cutoff.isoformat(),
        "timestamp": addition.matrix.timestamp.isoformat(),
        "facts_read": list(addition.read),
        "variants": [{"name": planned.name, "groups": list(planned.groups)} for planned in addition.possible],
        "excluded": [
            {"name": point.variant.name, "reason": point.verdict.reason, "nearest": point.nearest}
            for point in addition.impossible
        ],
        "stale_locks": {name: reason.value for name, reason in addition.stale.items()},
    }
