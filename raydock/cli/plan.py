"""`plan` and `suggest`."""

import click
import yaml

from raydock.cli.options import CommandRequest, as_json, current_project, echo, shared, show, variants, width
from raydock.cli.output import cutoff_notes
from raydock.core import texttable
from raydock.plan import output, text
from raydock.plan.planner import Plan, Planned


@click.command()
@shared
@variants
@click.option(
    "--explain", metavar="VARIANT", help="Show each rule's verdict on one variant, and the nearest ones that can exist."
)
@click.option(
    "--changed-since", "ref", metavar="REF", help="Show variants whose image inputs changed since REF, and the changes."
)
@click.option("--layers", "layered", is_flag=True, help="Show which layers the variants' images share.")
@click.option("--why", is_flag=True, help="Show why points of matrix.yaml cannot exist.")
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["wide", "name", "json", "yaml"]),
    help="One line for each variant, names only, or a document. Default: a grid.",
)
def plan(
    request: CommandRequest, *, explain: str | None, ref: str | None, layered: bool, why: bool, form: str | None
) -> None:
    """Shows which variants can exist, and why the others cannot.

    Needs no network and no engine. In a narrow terminal, `-o wide` drops glibc, nvcc, groups, GPU, download and driver,
    in this order.

    \b
    Example: ./build.py plan --select 'vllm=!none,python=3.11'
             ./build.py plan -o wide
             ./build.py plan --explain ray2.60.0-vllm0.10.2-torch2.8.0-py313-cu130
             ./build.py plan --changed-since origin/main
             ./build.py plan --layers --group train
    """
    if sum((explain is not None, ref is not None, layered)) > 1:
        raise click.UsageError("--explain, --changed-since and --layers cannot be combined.")
    if explain is not None:
        _explain(request, explain)
        return
    chosen = request.chosen
    if ref is not None:
        _changed(request, ref, chosen)
        return
    if layered:
        _layers(request, chosen)
        return
    sizes, without = request.project.download_bytes(chosen), request.project.without_cutoff(chosen)
    form = "json" if request.as_json else form
    if form == "name":
        click.echo("\n".join(planned.name for planned in chosen))
    elif form in {"json", "yaml"}:
        document = output.document(request.project.plan, chosen, sizes, without)
        if form == "json":
            show(document, as_json=True)
        else:
            click.echo(yaml.safe_dump(document, sort_keys=False), nl=False)
    else:
        echo("\n".join(_lines(request.project.plan, chosen, sizes, wide=form == "wide", why=why)))
    for note in () if request.quiet else cutoff_notes(without):
        click.echo(note, err=form in {"name", "json", "yaml"})


def _lines(plan: Plan, chosen: tuple[Planned, ...], sizes: output.Sizes, *, wide: bool, why: bool) -> list[str]:
    """The variants, a legend, and the reasons of points that cannot exist."""
    columns = width()
    lines = text.listing(chosen, sizes, columns) if wide else text.grid(plan, chosen, sizes, columns)
    points = output.count(len(plan.excluded), "point")
    more = "-o wide lists the variants with their GPUs, " + ("" if why else "--why has the reasons of those, ")
    legend = f"{text.EXISTS} {output.count(len(chosen), 'variant')}   {text.IMPOSSIBLE} {points} that cannot exist"
    lines += ["", legend, *texttable.wrap(f"{more}--explain VARIANT checks one.", columns)]
    lines += texttable.wrap(text.unknown_gpus(chosen), columns)
    if unlocked := sum(size is None for size in sizes.values()):
        lines += texttable.wrap(f"{output.count(unlocked, 'variant')} without a lock: {output.NOT_CHECKED}", columns)
    return [*lines, "", *text.reasons(plan.excluded, columns)] if why else lines


def _changed(request: CommandRequest, ref: str, chosen: tuple[Planned, ...]) -> None:
    """Prints the variants whose image inputs changed since a commit.

    The exit code is 0 also if there are none.
    """
    from raydock.ci.changes import since

    changes = since(request.project, ref)
    if request.selects:
        changes = changes.among(planned.name for planned in chosen)
    request.show(changes.document(), "\n".join(changes.lines(width())))


def _layers(request: CommandRequest, chosen: tuple[Planned, ...]) -> None:
    """Prints which layers the images of the variants share, by their locks."""
    from raydock.builder import sharing

    shared = sharing.shared_layers({planned.variant: request.project.layers(planned) for planned in chosen})
    document = {"schema": 1, "layers": [each.document() for each in shared]}
    request.show(document, "\n".join(sharing.lines(shared, all_layers=bool(request.verbose))))


def _explain(request: CommandRequest, name: str) -> None:
    """Explains one variant, which need not be in matrix.yaml."""
    from raydock.plan.explain import explain

    if request.selects:
        raise click.UsageError("--explain cannot be combined with a selection of variants.")
    explanation = explain(name, request.project.rule_inputs)
    lines = text.explanation(explanation, width(), every_rule=bool(request.verbose))
    request.show(output.explanation_document(explanation), "\n".join(lines))


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
    given GPUs must be able to run the set. Sets for the CPU that `try-sets` tested are marked with the day. In a narrow
    terminal, the GPUs, the driver and the test are dropped, in this order.

    \b
    Example: ./build.py suggest --driver 535.104.05 --gpu 8.0 --need vllm --python 3.11
    """
    from raydock.core.program import shipped
    from raydock.model import tested
    from raydock.plan import output
    from raydock.plan import suggest as suggesting

    project = current_project()
    rule_inputs = project.rule_inputs
    results = tested.load((shipped("lockfiles/tested-sets.yaml"), project.checkout.tested))
    host_needs = suggesting.parse_needs(needs, driver, gpus, python, rule_inputs)
    suggestions = suggesting.suggest(host_needs, rule_inputs)
    lines = output.suggestions_lines(suggestions, results, width())
    show(output.suggestions_document(suggestions, results), "\n".join(lines), as_json=as_json)
