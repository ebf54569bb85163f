"""`plan`."""

import json

import click

from raydock.cli.options import CommandRequest, shared
from raydock.cli.output import cutoff_notes
from raydock.plan import output
from raydock.plan.planner import Planned


@click.command()
@shared
@click.option("--explain", metavar="VARIANT", help="Every rule's verdict on one point, and the nearest that can exist.")
@click.option(
    "--changed-since", "ref", metavar="REF", help="Those whose image a commit has otherwise, and what differs."
)
def plan(request: CommandRequest, explain: str | None, ref: str | None) -> None:
    """Shows which variants can exist and why the others cannot. Needs neither network nor engine.

    \b
    Example: ./build.py plan --select 'vllm=!none,python=3.11'
             ./build.py plan --explain ray2.60.0-vllm0.10.2-torch2.8.0-py313-cu130
             ./build.py plan --changed-since origin/main
    """
    if explain is not None and ref is not None:
        raise click.UsageError("--explain and --changed-since are two questions: ask one at a time.")
    if explain is not None:
        _explain(request, explain)
        return
    chosen = request.chosen
    if ref is not None:
        _changed(request, ref, chosen)
        return
    sizes, without = request.project.download_bytes(chosen), request.project.without_cutoff(chosen)
    if request.as_json:
        click.echo(json.dumps(output.document(request.project.plan, chosen, sizes, without), indent=1))
    else:
        request.say(output.table(request.project.plan, chosen, sizes))
    for note in cutoff_notes(without):
        request.say(note)


def _changed(request: CommandRequest, ref: str, chosen: tuple[Planned, ...]) -> None:
    """Names the variants that differ from a commit's. None is an answer too: the exit code is 0."""
    from raydock.ci.changes import since

    found = since(request.project, ref)
    if request.groups or request.selectors:
        found = found.among(item.name for item in chosen)
    if request.as_json:
        click.echo(json.dumps(found.document(), indent=1))
    else:
        request.say(found.table())


def _explain(request: CommandRequest, name: str) -> None:
    """Explains one point, which need not stand in matrix.yaml."""
    from raydock.plan.explain import explain

    if request.groups or request.selectors:
        raise click.UsageError("--explain is about one variant: leave --group and --select out.")
    found = explain(name, request.project.rule_inputs)
    if request.as_json:
        click.echo(json.dumps(output.explanation_document(found), indent=1))
    else:
        request.say(output.explanation(found))
