"""`lock` for the Debian packages of bases and groups."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from raydock.builder.baserecipe import BaseRecipe
from raydock.builder.debs import locker
from raydock.builder.debs.containerapt import ContainerApt
from raydock.builder.debs.moved import Moved, survey
from raydock.builder.secrets import gather
from raydock.cli.options import CommandRequest, say
from raydock.core.events import Listener
from raydock.lock.locker import LockResult
from raydock.model import debs
from raydock.model.variant import Variant
from raydock.pipeline.project import Project


def lock_debs(request: CommandRequest, listener: Listener, variants: Sequence[Variant]) -> tuple[LockResult, ...]:
    """Locks the Debian packages that are stale. An engine is needed only for those of pulled bases."""

    @contextmanager
    def pulled(recipe: BaseRecipe, group: bool) -> Iterator[ContainerApt]:
        from raydock.pipeline.workshop import workshop

        with workshop(request.project, listener, request.jobs).builder.apt(recipe, group) as apt:
            yield apt

    project = request.project
    if not locker.check(project.matrix, project.checkout, variants):
        return ()
    return locker.DebLocker(
        matrix=project.matrix,
        checkout=project.checkout,
        bundle=gather().bundle,
        listener=listener,
        pulled=pulled,
    ).lock(variants)


def check_debs(project: Project, variants: Sequence[Variant]) -> list[str]:
    """A line for each stale lock of Debian packages; lists on stderr what moved in the archive."""
    stale = locker.check(project.matrix, project.checkout, variants)
    stale_names = {item.name for item in stale}
    requests = locker.requests(project.matrix, project.checkout, variants)
    fresh = {item.name: item for item in requests if item.name not in stale_names}
    locks = {name: (item, debs.load(project.checkout.deb_lock(name), item.digest)) for name, item in fresh.items()}
    found = survey(locks, project.checkout.work, gather().bundle)
    for line in (*found.notes, *_described(found.moved)):
        say(line, stderr=True)
    stale += locker.orphans(project.matrix, project.checkout, project.variants)
    return [f"lockfiles/{item.name}.debs: {item.reason}" for item in stale]


def _described(moved: Sequence[Moved]) -> list[str]:
    """The packages that moved, each once, with what an update brings and how to take it."""
    packages: dict[tuple[str, str, str], list[Moved]] = {}
    for item in moved:
        packages.setdefault((item.name, item.locked, item.now), []).append(item)
    lines = [
        f"{name} {locked} moved to {now}{_why(items[0])}: {', '.join(f'{item.lock}.debs' for item in items)}"
        for (name, locked, now), items in packages.items()
    ]
    names = " ".join(sorted({f"lockfiles/{item.lock}.debs" for item in moved}))
    return [*lines, f"To take these versions: `rm {names}`, then `./build.py lock`."] if lines else []


def _why(item: Moved) -> str:
    if not item.security:
        return ""
    return f" (security update, closes {', '.join(item.advisories)})" if item.advisories else " (security update)"
