"""What a project needs after a newer raydock was installed. Nothing is changed."""

from collections.abc import Iterator
from dataclasses import dataclass

from raydock.builder import render
from raydock.ci.pipelines import System, find_difference
from raydock.core.errors import RaydockError
from raydock.core.program import shipped
from raydock.init.init import SCHEMA
from raydock.lock import stale
from raydock.model import lock
from raydock.pipeline.project import Project
from raydock.plan.output import count


@dataclass(frozen=True)
class Migration:
    """A part of a project that is to be changed.

    Attributes:
        what: what differs.
        todo: the command or the edit.
    """

    what: str
    todo: str


def migrations(project: Project) -> Iterator[Migration]:
    """What is to be changed in a project, in the order in which to do it."""
    try:
        variants = project.plan.variants
    except RaydockError as error:
        yield Migration(error.what, error.todo)
        return
    checkout, names = project.checkout, [planned.name for planned in variants]
    schema = checkout.root / SCHEMA
    if schema.exists() and schema.read_bytes() != shipped(f"docs/reference/{SCHEMA}").read_bytes():
        yield Migration(f"{SCHEMA} is of a different version.", f"`cp {shipped(f'docs/reference/{SCHEMA}')} {schema}`.")
    if reasons := stale.check(project.rule_inputs, checkout, [planned.variant for planned in variants]):
        yield Migration(f"{len(reasons)} of {len(names)} locks are missing or stale.", "`./build.py lock`.")
    fresh = tuple(planned for planned in variants if planned.name not in reasons)
    undated = [each.name for each in fresh if lock.CUTOFF not in lock.load(checkout.lock(each.name)).header]
    if undated:
        yield Migration(
            f"{count(len(undated), 'lock')} without a cut-off day: stale as soon as `cutoff` in matrix.yaml changes.",
            f"`rm {' '.join(f'lockfiles/{name}.txt' for name in undated)}`, then `./build.py lock`: it makes the same"
            " pins.",
        )
    if outdated := render.outdated(checkout, project.dockerfiles(fresh)):
        yield Migration(f"{count(len(outdated), 'Dockerfile')} to render again.", "`./build.py render`.")
    for system in System:
        path = system.path(checkout)
        if path.exists() and (difference := find_difference(system, checkout, project.plan)):
            yield Migration(f"{difference}.", f"`./build.py ci {system} > {path.relative_to(checkout.root)}`.")
