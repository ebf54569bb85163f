"""`smoke --contract`: checks KubeRay's contract in built images, or in any image."""

import json
from typing import TYPE_CHECKING, NoReturn

import click

from raydock.cli.options import CommandRequest
from raydock.cli.output import end, refuse_selection

if TYPE_CHECKING:
    from raydock.contract.image_set import SetReport
    from raydock.model.result import VariantResult


def check_contract(request: CommandRequest) -> NoReturn:
    """Checks the built images of the selection, each and as a set, and exits."""
    from raydock.pipeline.create import create_pipeline

    chosen = request.chosen
    with request.writing() as progress:
        pipeline = create_pipeline(request.project, progress, request.jobs)
        results = pipeline.contract(pipeline.builder.find(chosen))
        whole = pipeline.check_set(results)
    _report(request, results, whole)


def check_contract_of_image(request: CommandRequest, image: str) -> NoReturn:
    """Checks any image that the engine has, prints the result and exits."""
    from raydock.contract.run import contract
    from raydock.engine.cleanup import sweep
    from raydock.engine.client import connect
    from raydock.model.result import VariantResult

    refuse_selection(request)
    client = connect()
    sweep(client)
    with request.progress() as progress:
        report = contract(client, image, name=image, fingerprint="", jobs=request.jobs, on_event=progress)
    _report(request, [VariantResult(name=image, tested=True, report=report)], None)


def _report(request: CommandRequest, results: "list[VariantResult]", whole: "SetReport | None") -> NoReturn:
    from raydock.cli import summary

    if request.as_json:
        document = {"schema": 1, "variants": [result.document() for result in results]}
        set_document = {"set": whole.document()} if whole else {}
        click.echo(json.dumps(document | set_document, indent=1))
    else:
        for result in results:
            if result.report:
                request.echo(f"{result.name}\n")
                request.echo(summary.check_table(result.report.checks))
                request.echo("")
        if whole:
            request.echo(f"The {len(whole.images)} images as a set\n")
            request.echo(summary.check_table(whole.checks))
            request.echo("")
        request.echo(_summarize(results, whole))
    failed = not all(result.passed for result in results) or bool(whole and not whole.passed)
    end({result.name: result.error for result in results if result.error}, failed=failed)


def _summarize(results: "list[VariantResult]", whole: "SetReport | None") -> str:
    from raydock.plan.output import count

    passed = sum(result.report is not None and result.passed for result in results)
    failed = [result.name for result in results if result.report and not result.passed]
    parts = [f"{count(passed, 'image')} passed"] if passed else []
    parts += [f"failed: {', '.join(failed)}"] if failed else []
    parts += ["the images as a set failed"] if whole and not whole.passed else []
    return f"KubeRay's contract: {'; '.join(parts) or 'not checked'}."
