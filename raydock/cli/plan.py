"""`plan` and `suggest`."""

import click

from raydock.cli.options import CommandRequest, as_json, current_project, shared, show, variants
from raydock.cli.output import cutoff_notes
from raydock.plan import output
from raydock.plan.planner import Planned


@click.command()
@shared
@variants
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
    plan = request.project.plan
    request.show(output.document(plan, chosen, sizes, without), output.table(plan, chosen, sizes))
    for note in cutoff_notes(without):
        request.echo(note)


def _changed(request: CommandRequest, ref: str, chosen: tuple[Planned, ...]) -> None:
    """Prints the variants whose image inputs changed since a commit.

    The exit code is 0 also if there are none.
    """
    from raydock.ci.changes import since

    changes = since(request.project, ref)
    if request.selects:
        changes = changes.among(planned.name for planned in chosen)
    request.show(changes.document(), changes.table())


def _explain(request: CommandRequest, name: str) -> None:
    """Explains one variant, which need not be in matrix.yaml."""
    from raydock.plan.explain import explain

    if request.selects:
        raise click.UsageError("--explain cannot be combined with a selection of variants.")
    explanation = explain(name, request.project.rule_inputs)
    request.show(output.explanation_document(explanation), output.explanation(explanation))


@click.command()
@click.option("--need", "needs", multiple=True, metavar="PART", help="vllm, torch or ray. Repeatable.")
@click.option("--driver", default="", metavar="VERSION", help="The host's driver, such as 535.104.05.")
@click.option(
    "--gpu", "gpus", multiple=True, metavar="X.Y", help="A GPU's compute capability, such as 8.0. Repeatable."
)
@click.option("--python", default="", metavar="X.Y", help="Such as 3.11. Default: any Python of a base.")
@as_json
def suggest(needs: tuple[str, ...], driver: str, gpus: tuple[str, ...], python: str, as_json: bool) -> None:
    """Lists the newest sets of versions that a host can run, best first.

    The sets are chosen from all releases in the facts. For each set, it prints the lines that matrix.yaml needs. All
    given GPUs must be able to run the set.

    \b
    Example: ./build.py suggest --driver 535.104.05 --gpu 8.0 --need vllm --python 3.11
    """
    from raydock.plan import output
    from raydock.plan import suggest as suggesting

    rule_inputs = current_project().rule_inputs
    host_needs = suggesting.parse_needs(needs, driver, gpus, python, rule_inputs)
    suggestions = suggesting.suggest(host_needs, rule_inputs)
    show(output.suggestions_document(suggestions), output.suggestions_table(suggestions), as_json=as_json)
