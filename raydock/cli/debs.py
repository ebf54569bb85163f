"""The part of `lock` for the Debian packages of bases and groups."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from raydock.builder.baserecipe import BaseRecipe
from raydock.builder.debs import locker
from raydock.builder.debs.containerapt import ContainerApt
from raydock.builder.debs.moved import Moved, survey
from raydock.builder.secrets import gather
from raydock.cli.options import CommandRequest, echo
from raydock.core.events import Listener
from raydock.lock.locker import LockResult
from raydock.model import debs
from raydock.model.variant import Variant
from raydock.pipeline.create import create_pipeline
from raydock.pipeline.project import Project


def lock_debs(request: CommandRequest, listener: Listener, variants: Sequence[Variant]) -> tuple[LockResult, ...]:
    """Makes the stale locks of Debian packages again.

    Only pulled bases need an engine.
    """
    project = request.project

    def pulled(recipe: BaseRecipe, group: bool) -> AbstractContextManager[ContainerApt]:
        return create_pipeline(project, listener, request.jobs).builder.bases.apt(recipe, group)

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
    """A line for each stale lock of Debian packages.

    Prints newer versions in the archive to stderr.
    """
    stale = locker.check(project.matrix, project.checkout, variants)
    requests = locker.requests(project.matrix, project.checkout, variants)
    fresh = {request.name: request for request in requests if request.name not in stale}
    locks = {
        name: (request, debs.load(project.checkout.deb_lock(name), request.digest)) for name, request in fresh.items()
    }
    survey_result = survey(locks, project.checkout.work, gather().bundle)
    for line in (*survey_result.notes, *_describe(survey_result.moved)):
        echo(line, stderr=True)
    return [f"lockfiles/{name}.debs: {reason}" for name, reason in stale.items()]


def _describe(moved: Sequence[Moved]) -> list[str]:
    """A line for each package with a newer version.

    The last line has the command that takes the newer versions.
    """
    packages: dict[tuple[str, str, str], list[Moved]] = {}
    for package in moved:
        packages.setdefault((package.name, package.locked, package.now), []).append(package)
    lines = [
        f"{name} {locked} moved to {now}{_security_note(same[0])}: {', '.join(f'{each.lock}.debs' for each in same)}"
        for (name, locked, now), same in packages.items()
    ]
    files = " ".join(sorted({f"lockfiles/{package.lock}.debs" for package in moved}))
    return [*lines, f"To take these versions: `rm {files}`, then `./build.py lock`."] if lines else []


def _security_note(package: Moved) -> str:
    if not package.security:
        return ""
    return f" (security update, fixes {', '.join(package.advisories)})" if package.advisories else " (security update)"
