"""`lock` and `render`: the files that a checkout commits."""

import click

from raydock.cli.options import CommandRequest, shared
from raydock.cli.output import answer_check, cutoff_notes, end, tell_unused_indexes
from raydock.cli.scan import audit as ask_advisories


@click.command()
@shared
@click.option("--check", is_flag=True, help="Say what is stale and write nothing; exit 1 where something is.")
@click.option("--audit", is_flag=True, help="Ask the index for advisories on what is locked, and write nothing.")
@click.option("--allow-unaudited", is_flag=True, help="With --audit: exit with 0 also where it has none to give.")
@click.option("--resolver", type=click.Choice(["uv", "pip-tools"]), default="uv", show_default=True)
def lock(request: CommandRequest, check: bool, audit: bool, allow_unaudited: bool, resolver: str) -> None:
    """Pins every package of the selected variants with hashes, in lockfiles/, if a lock is missing or stale.

    That includes the Debian packages of their bases and groups. --check also lists those that moved in the archive.

    \b
    Example: ./build.py lock --group serve
             ./build.py lock --audit              (exits with 5 where scan.yaml refuses what is known)
    """
    from raydock.cli.debs import check_debs, lock_debs
    from raydock.lock import locker

    if check and audit:
        raise click.UsageError("--check and --audit are two questions: ask one after the other.")
    if audit:
        ask_advisories(request, allow_unaudited)
    project, chosen = request.project, request.chosen
    variants = [item.variant for item in chosen]
    stale = locker.check(project.rule_inputs, project.checkout, variants)
    if check:
        stale += locker.orphans(project.checkout, project.variants)
        for note in cutoff_notes(project.without_cutoff(chosen)):
            click.echo(note, err=True)
        lines = [f"lockfiles/{item.name}.txt: {item.reason}" for item in stale]
        answer_check(lines + check_debs(project, variants), len(chosen), "lock")
    tell_unused_indexes()
    with request.writing() as progress:
        debs = lock_debs(request, progress, variants)
        names = {item.name for item in locker.check(project.rule_inputs, project.checkout, variants)}
        wanted = [variant for variant in variants if variant.name in names]
        results = locker.lock(
            project.rule_inputs,
            project.checkout,
            wanted,
            siblings=project.variants,
            jobs=request.jobs,
            resolver=resolver,
            on_event=progress,
        )
    errors = {result.name: result.error for result in (*debs, *results) if result.error}
    if changed := [f"{item.name}.debs" for item in debs if item.changed]:
        request.say(f"Debian packages locked: {', '.join(changed)}.")
    request.say(f"{len(results) - len(errors)} locked, {len(chosen) - len(results)} were fresh, {len(errors)} failed.")
    for note in cutoff_notes(project.without_cutoff(chosen)):
        request.say(note)
    end(errors)


@click.command()
@shared
@click.option("--check", is_flag=True, help="Say what differs and write nothing; exit 1 where something does.")
def render(request: CommandRequest, check: bool) -> None:
    """Renders images/VARIANT/Dockerfile from templates/ and the locks.

    \b
    Example: ./build.py render --check
    """
    from raydock.builder import render as rendering

    project, chosen = request.project, request.chosen
    rendered = project.dockerfiles(chosen)
    orphans = rendering.orphans(project.checkout, {item.name for item in project.plan.variants})
    if check:
        lines = [f"{path.relative_to(project.checkout.root)} belongs to no variant" for path in orphans]
        answer_check(rendering.check(project.checkout, rendered) + lines, len(chosen), "render")
    with request.writing():
        changed = rendering.write(project.checkout, rendered)
        rendering.remove(orphans)
    request.say(f"{len(changed)} Dockerfiles written, {len(rendered) - len(changed)} were as they should be.")
