"""`smoke --contract`: KubeRay's contract, asked of our images or of a stranger's."""

import json
from typing import TYPE_CHECKING, NoReturn

import click

from raydock.cli.options import CommandRequest
from raydock.cli.output import end, refuse_selection

if TYPE_CHECKING:
    from raydock.contract.image_set import SetReport
    from raydock.model.result import VariantResult


def ask_contract(request: CommandRequest) -> NoReturn:
    """Asks the built images of the selection, and what holds of them together; says it and exits."""
    from raydock.pipeline.create import create_pipeline

    chosen = request.chosen
    with request.writing() as progress:
        pipeline = create_pipeline(request.project, progress, request.jobs)
        outcomes = pipeline.contract(pipeline.builder.find(chosen))
        whole = pipeline.check_set(outcomes)
    _report(request, outcomes, whole)


def contract_of(request: CommandRequest, image: str) -> NoReturn:
    """Asks any image that the engine holds; says it and exits."""
    from raydock.contract.run import contract as ask
    from raydock.engine.client import connect
    from raydock.engine.container import sweep
    from raydock.model.result import VariantResult

    refuse_selection(request)
    client = connect()
    sweep(client)
    with request.progress() as progress:
        found = ask(client, image, name=image, fingerprint="", jobs=request.jobs, on_event=progress)
    _report(request, [VariantResult(name=image, proved=True, report=found)], None)


def _report(request: CommandRequest, outcomes: "list[VariantResult]", whole: "SetReport | None") -> NoReturn:
    from raydock.cli import summary

    if request.as_json:
        document = {"schema": 1, "variants": [item.document() for item in outcomes]}
        together = {"set": whole.document()} if whole else {}
        click.echo(json.dumps(document | together, indent=1))
    else:
        for item in outcomes:
            if item.report:
                request.say(f"{item.name}\n")
                request.say(summary.answers(item.report.checks))
                request.say("")
        if whole:
            request.say(f"The {len(whole.images)} images together\n")
            request.say(summary.answers(whole.checks))
            request.say("")
        request.say(_sentence(outcomes, whole))
    failed = not all(item.passed for item in outcomes) or bool(whole and not whole.passed)
    end({item.name: item.error for item in outcomes if item.error}, failed=failed)


def _sentence(outcomes: "list[VariantResult]", whole: "SetReport | None") -> str:
    from raydock.plan.output import count

    kept = sum(item.report is not None and item.passed for item in outcomes)
    broken = [item.name for item in outcomes if item.report and not item.passed]
    parts = [f"kept by {count(kept, 'image')}"] if kept else []
    parts += [f"broken by {', '.join(broken)}"] if broken else []
    parts += ["broken by the images together"] if whole and not whole.passed else []
    return f"KubeRay's contract: {', '.join(parts) or 'not asked'}."
