"""`scan`, and `lock --audit`: what is known against what we build."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from raydock.cli.options import CommandRequest, shared
from raydock.cli.output import end
from raydock.core.errors import RaydockError

if TYPE_CHECKING:
    from raydock.cli.verdicts import Judged
    from raydock.scan.report import ScanReport

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@shared
@click.option("--db", type=_FOLDER, help="A folder with a vulnerability database, such as trivy's cache.")
@click.option("--db-repository", default="", metavar="NAME", help="Where the database is. Default: where trivy has it.")
@click.option("--allow-unscanned", is_flag=True, help="Exit with 0 if the verdict is `not scanned`.")
def scan(request: CommandRequest, db: Path | None, db_repository: str, allow_unscanned: bool) -> None:
    """Scans the built images of the selected variants by trivy, as scan.yaml says, and writes their SBOMs.

    It looks for vulnerabilities, secrets, licences, and misconfiguration of the Dockerfile. The first time, and when
    the one in .raydock/ is outdated, trivy's database of vulnerabilities is fetched, which is large.

    \b
    Example: ./build.py scan --group quickstart
             ./build.py scan --db /media/usb/trivy    (fetches nothing)
    """
    from raydock.model.judgement import remarks
    from raydock.pipeline.create import create_pipeline, create_scanner
    from raydock.scan.report import ScanReport, ScanResult

    if db and db_repository:
        raise click.UsageError("--db names a database that is here, --db-repository one to fetch: give one of them.")
    chosen = request.chosen
    reports: list[ScanReport] = []
    notes: list[str] = []
    with request.writing() as progress:
        builder = create_pipeline(request.project, progress, request.jobs).builder
        built = builder.find(chosen)
        errors = {item.name: item.error for item in built if item.error}
        if images := {item.name: item.image for item in built if item.image}:
            found = create_scanner(request.project, progress, builder.client.endpoint, db, db_repository)
            scanned = found.scan(images)
            reports = [item.report for item in scanned if item.report]
            errors |= {item.name: item.error for item in scanned if item.error}
            notes = remarks(found.policy.ignore, [item.judgement for item in reports]) + found.notes
    todo = "; ".join([*_remedies(reports), "--allow-unscanned exits with 0 all the same."])
    _answer(request, reports, notes, errors, unknown=ScanResult.NOT_SCANNED, allowed=allow_unscanned, todo=todo)


def _remedies(reports: "Sequence[ScanReport]") -> list[str]:
    """What to do about the images that are `not scanned`: about the database, about their operating systems."""
    missing = [item for item in reports if item.judgement.missing]
    lines = []
    if any(not item.database for item in missing):
        lines.append(
            "check that the database's registry answers, or name a mirror by --db-repository or a folder by --db"
            " (`rm -r .raydock/trivy` forgets a damaged one that was fetched)"
        )
    if any(item.database for item in missing):
        lines.append(
            "name a base in matrix.yaml whose release still gets security updates and is known to this trivy"
            " (docs/how-to/scan.md), and build again"
        )
    return lines


def audit(request: CommandRequest, allow_unaudited: bool) -> NoReturn:
    """Asks the package index for its advisories on all that the selected locks pin; says it and exits."""
    from raydock.lock.audit import AuditResult, concerned
    from raydock.lock.audit import audit as ask
    from raydock.model import lock, policy
    from raydock.model.judgement import remarks

    project = request.project
    rules, today = policy.load(project.checkout.policy), datetime.now(UTC).date()
    locks = {item.name: lock.load(project.checkout.lock(item.name)) for item in request.chosen}
    with request.progress() as progress:
        audits = ask(locks, rules, today, progress)
    notes = remarks(concerned(rules, locks), [item.judgement for item in audits])
    todo = "see that the index answers and has a JSON API, or name one in UV_DEFAULT_INDEX; --allow-unaudited passes."
    _answer(request, audits, notes, {}, unknown=AuditResult.NOT_AUDITED, allowed=allow_unaudited, todo=todo)


def _answer(
    request: CommandRequest,
    items: "Sequence[Judged]",
    notes: list[str],
    errors: Mapping[str, RaydockError],
    *,
    unknown: str,
    allowed: bool,
    todo: str,
) -> NoReturn:
    from raydock.cli import verdicts

    if request.as_json:
        documents = [item.document() for item in items]
        documents += [{"name": name, "error": str(error)} for name, error in errors.items()]
        click.echo(json.dumps({"schema": 1, "variants": documents, "remarks": notes}, indent=1, default=str))
    elif items:
        request.say(verdicts.table(items))
        request.say(verdicts.details(items, notes, verbose=request.verbose))
    refused = verdicts.refusal(items, unknown, allowed=allowed, todo=todo)
    end({**errors, **({"scan.yaml": refused} if refused else {})})
