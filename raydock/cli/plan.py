"""`plan`."""

import json

import click

from raydock.cli.options import CommandRequest, shared
from raydock.cli.output import cutoff_notes
from raydock.plan import output
from raydock.plan.planner import Planned


@click.command()
@shared
@click.option(
    "--explain", metavar="VARIANT", help="Show each rule's verdict on one variant, and the nearest ones that can exist."
)
@click.option(
    "--changed-since", "ref", metavar="REF", help="Show variants whose image inputs changed since REF, and the changes."
)
def plan(request: CommandRequest, explain: str | None, ref: str | None) -> None:
    """Shows which variants can exist, and why the others cannot.

    Needs no network and no engine.

    \b
    Example: ./build.py plan --select 'vllm=!none,python=3.11'
             ./build.py plan --explain ray2.60.0-vllm0.10.2-torch2.8.0-py313-cu130
             ./build.py plan --changed-since origin/main
    """
    if explain is not None and ref is not None:
        raise click.UsageError("--explain and --changed-since cannot be combined.")
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
        request.echo(output.table(request.project.plan, chosen, sizes))
    for note in cutoff_notes(without):
        request.echo(note)


def _changed(request: CommandRequest, ref: str, chosen: tuple[Planned, ...]) -> None:
    """Prints the variants whose image inputs changed since a commit.

    The exit code is 0 also if there are none.
    """
    from raydock.ci.changes import since

    changes = since(request.project, ref)
    if request.groups or request.selectors:
        changes = changes.among(planned.name for planned in chosen)
    if request.as_json:
        click.echo(json.dumps(changes.document(), indent=1))
    else:
        request.echo(changes.table())


def _explain(request: CommandRequest, name: str) -> None:
    """Explains one variant, which need not be in matrix.yaml."""
    from raydock.plan.explain import explain

    if request.groups or request.selectors:
        raise click.UsageError("--explain cannot be combined with --group or --select.")
    explanation = explain(name, request.project.rule_inputs)
    if request.as_json:
        click.echo(json.dumps(output.explanation_document(explanation), indent=1))
    else:
        request.echo(output.explanation(explanation))
