"""`lock` and `render`: write the files that are committed to git."""

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from raydock.cli.options import CommandRequest, shared, variants
from raydock.cli.output import cutoff_notes, end, end_check, warn_of_unused_indexes
from raydock.cli.scan import audit as audit_locks

if TYPE_CHECKING:
    from raydock.lock.stale import StaleLocks


@click.command()
@shared
@variants
@click.option("--check", is_flag=True, help="List stale locks, write nothing; exit 1 if there are any.")
@click.option("--upgrade", is_flag=True, help="Also lock again what keeps an earlier cut-off day than matrix.yaml's.")
@click.option("--audit", is_flag=True, help="Check locked packages against the index's advisories, write nothing.")
@click.option("--allow-unaudited", is_flag=True, help="With --audit: exit with 0 if the index has no advisories API.")
@click.option("--resolver", type=click.Choice(["uv", "pip-tools"]), default="uv", show_default=True)
def lock(
    request: CommandRequest, *, check: bool, upgrade: bool, audit: bool, allow_unaudited: bool, resolver: str
) -> None:
    """Makes missing and stale locks of the selected variants in lockfiles/.

    A lock pins every package with hashes. The locks include the Debian packages of bases and groups. Without a
    selection, locks that no variant needs are removed. --check also lists Debian packages with newer versions. A lock
    keeps its cut-off day if matrix.yaml gets a later one, until --upgrade takes the newer packages.

    \b
    Example: ./build.py lock --group serve
             ./build.py lock --upgrade
             ./build.py lock --audit              (exits with 5 if scan.yaml refuses a known vulnerability)
    """
    if check + audit + upgrade > 1:
        raise click.UsageError("--check, --audit and --upgrade cannot be combined.")
    if audit:
        audit_locks(request, allow_unaudited)
    if check:
        _check(request)
    _make(request, resolver, upgrade)


def _check(request: CommandRequest) -> NoReturn:
    """Lists stale locks and those that no variant needs, and exits."""
    from raydock.cli.debs import check_debs
    from raydock.lock.stale import StaleReason

    project, chosen = request.project, request.chosen
    for note in cutoff_notes(project.without_cutoff(chosen)):
        click.echo(note, err=True)
    variants = [planned.variant for planned in chosen]
    lines = [f"lockfiles/{name}.txt: {reason}" for name, reason in _stale(request).items()]
    lines += [f"lockfiles/{path.name}: {StaleReason.ORPHANED}" for path in _orphans(request)]
    end_check(lines + check_debs(project, variants), len(chosen), "lock", as_json=request.as_json)


def _make(request: CommandRequest, resolver: str, upgrade: bool) -> NoReturn:
    """Makes missing and stale locks, removes those that no variant needs, prints the results and exits."""
    from raydock.cli.debs import lock_debs
    from raydock.lock import locker, stale

    project, chosen = request.project, request.chosen
    variants = [planned.variant for planned in chosen]
    warn_of_unused_indexes()
    with request.writing() as progress:
        debs = lock_debs(request, progress, variants)
        reasons = _stale(request) | (stale.earlier(project.rule_inputs, project.checkout, variants) if upgrade else {})
        results = locker.lock(
            project.rule_inputs,
            project.checkout,
            [variant for variant in variants if variant.name in reasons],
            siblings=project.variants,
            jobs=request.jobs,
            resolver=resolver,
            upgrade=upgrade,
            on_event=progress,
        )
        removed = _orphans(request)
        for path in removed:
            path.unlink()
    errors = {result.name: result.error for result in (*debs, *results) if result.error}
    changed = [f"{result.name}.debs" for result in debs if result.changed]
    locked = [result.name for result in results if not result.error]
    fresh = [variant.name for variant in variants if variant.name not in {result.name for result in results}]
    lines = [f"Debian packages locked: {', '.join(changed)}."] if changed else []
    lines.append(f"{len(locked)} locked, {len(fresh)} were fresh, {len(errors)} failed.")
    names = [path.name for path in removed]
    lines += [f"Removed, because no variant needs them: {', '.join(names)}."] if names else []
    notes = cutoff_notes(project.without_cutoff(chosen))
    failed = {name: str(error) for name, error in errors.items()}
    document = {"schema": 1, "locked": locked, "fresh": fresh, "debs": changed, "removed": names, "errors": failed}
    request.show({**document, "notes": notes}, "\n".join([*lines, *notes]))
    end(errors)


def _stale(request: CommandRequest) -> "StaleLocks":
    """The missing and stale locks of the selected variants."""
    from raydock.lock import stale

    variants = [planned.variant for planned in request.chosen]
    return stale.check(request.project.rule_inputs, request.project.checkout, variants)


def _orphans(request: CommandRequest) -> list[Path]:
    """The locks that no variant needs; none with a selection, which is about the selected variants."""
    from raydock.builder.debs import locker as deb_locker
    from raydock.lock import stale

    if request.selects:
        return []
    project, checkout = request.project, request.project.checkout
    locks = [checkout.lock(name) for name in stale.orphans(checkout, project.variants)]
    debs = deb_locker.orphans(project.matrix, checkout, project.variants)
    return [*locks, *(checkout.deb_lock(name) for name in debs)]


@click.command()
@shared
@variants
@click.option("--check", is_flag=True, help="List outdated files, write nothing; exit 1 if there are any.")
def render(request: CommandRequest, check: bool) -> None:
    """Renders images/VARIANT/Dockerfile from templates/ and the locks.

    Without a selection, folders that belong to no variant are removed.

    \b
    Example: ./build.py render --check
    """
    from raydock.builder import render as rendering

    project, chosen = request.project, request.chosen
    rendered = project.dockerfiles(chosen)
    names = {planned.name for planned in project.plan.variants}
    orphans = [] if request.selects else rendering.orphans(project.checkout, names)
    if check:
        lines = [f"{path.relative_to(project.checkout.root)} belongs to no variant" for path in orphans]
        lines += rendering.outdated(project.checkout, rendered).values()
        end_check(lines, len(chosen), "render", as_json=request.as_json)
    with request.writing():
        changed = rendering.write(project.checkout, rendered)
        rendering.remove(orphans)
    removed = f", {len(orphans)} removed" if orphans else ""
    request.show(
        {"schema": 1, "written": changed, "removed": [path.name for path in orphans]},
        f"{len(changed)} Dockerfiles written, {len(rendered) - len(changed)} were up to date{removed}.",
    )
