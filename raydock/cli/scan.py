"""`scan` and `lock --audit`: vulnerabilities of images and locked packages."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from raydock.cli.options import CommandRequest, shared, variants, width
from raydock.cli.output import end
from raydock.core.errors import PolicyError, RaydockError
from raydock.core.models import plain
from raydock.core.texttable import fit
from raydock.model.finding import Finding
from raydock.model.judgement import Judgement, Verdict, remarks

if TYPE_CHECKING:
    from raydock.scan.report import ScanReport

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


db = click.option("--db", type=_FOLDER, help="A folder with a vulnerability database, such as trivy's cache.")
db_repository = click.option(
    "--db-repository", default="", metavar="NAME", help="The database's repository. Default: trivy's."
)


@click.command()
@shared
@variants
@db
@db_repository
@click.option("--allow-unscanned", is_flag=True, help="Exit with 0 if the verdict is `not scanned`.")
def scan(request: CommandRequest, db: Path | None, db_repository: str, allow_unscanned: bool) -> None:
    """Scans the built images of the selected variants, and writes their SBOMs.

    It uses trivy and the policy in scan.yaml. It looks for vulnerabilities, secrets, licences, and misconfiguration of
    the Dockerfile. If the vulnerability database in .raydock/ is missing or outdated, it downloads trivy's database,
    which is large.

    \b
    Example: ./build.py scan --group quickstart
             ./build.py scan --db /media/usb/trivy    (downloads nothing)
    """
    from raydock.pipeline.create import create_pipeline, create_scanner
    from raydock.scan.report import ScanReport

    if db and db_repository:
        raise click.UsageError("--db and --db-repository cannot be combined: the first is local, the second remote.")
    chosen = request.chosen
    reports: list[ScanReport] = []
    notes: list[str] = []
    with request.writing() as progress:
        builder = create_pipeline(request.project, progress, request.jobs).builder
        built = builder.find(chosen)
        errors = {result.name: result.error for result in built if result.error}
        if images := {result.name: result.image for result in built if result.image}:
            image_scanner = create_scanner(request.project, progress, builder.client.endpoint, db, db_repository)
            scanned = image_scanner.scan(images)
            reports = [result for result in scanned.values() if isinstance(result, ScanReport)]
            errors |= {name: result for name, result in scanned.items() if isinstance(result, RaydockError)}
            notes = remarks(image_scanner.policy.ignore, [report.judgement for report in reports])
            notes += image_scanner.notes
    judged = {report.name: report.judgement for report in reports}
    documents = [report.document() for report in reports]
    documents += [{"name": name, "error": str(error)} for name, error in errors.items()]
    todo = "; ".join([*_remedies(reports), "--allow-unscanned exits with 0 anyway."])
    unknown = Verdict.NOT_SCANNED
    _answer(request, documents, judged, notes, errors, unknown=unknown, allowed=allow_unscanned, todo=todo)


def _remedies(reports: "Sequence[ScanReport]") -> list[str]:
    """The next steps for images that are `not scanned`.

    They fix the database, or change an unsupported base.
    """
    missing = [report for report in reports if report.judgement.missing]
    lines = []
    if any(not report.database for report in missing):
        lines.append(
            "check that the database's registry answers, or name a mirror by --db-repository or a folder by --db"
            " (`rm -r .raydock/trivy` removes a damaged download)"
        )
    if any(report.database for report in missing):
        lines.append(
            "name a base in matrix.yaml whose release still gets security updates and that this trivy supports"
            " (docs/how-to/scan.md), and build again"
        )
    return lines


def audit(request: CommandRequest, allow_unaudited: bool) -> NoReturn:
    """Checks the packages of the selected locks for advisories, and exits."""
    from raydock.lock.audit import audit as audit_locks
    from raydock.lock.audit import ignores_of_locks
    from raydock.model import lock, policy

    project, unknown = request.project, Verdict.NOT_AUDITED
    rules, today = policy.load(project.checkout.policy), datetime.now(UTC).date()
    locks = {planned.name: lock.load(project.checkout.lock(planned.name)) for planned in request.chosen}
    with request.progress() as progress:
        judged = audit_locks(locks, rules, today, progress)
    documents = [
        {"name": name, "verdict": judgement.verdict(unknown), **plain(judgement)} for name, judgement in judged.items()
    ]
    notes = remarks(ignores_of_locks(rules, locks), list(judged.values()))
    todo = (
        "check that the index answers and has a JSON API, or name one in UV_DEFAULT_INDEX;"
        " or use --allow-unaudited to exit with 0."
    )
    _answer(request, documents, judged, notes, {}, unknown=unknown, allowed=allow_unaudited, todo=todo)


def _answer(
    request: CommandRequest,
    documents: list[dict[str, Any]],
    judged: Mapping[str, Judgement],
    notes: list[str],
    errors: Mapping[str, RaydockError],
    *,
    unknown: Verdict,
    allowed: bool,
    todo: str,
) -> NoReturn:
    texts = (table(judged, unknown, width()), details(judged, notes, verbose=bool(request.verbose))) if judged else ()
    request.show({"schema": 1, "variants": documents, "remarks": notes}, *texts)
    refused = refusal(judged, unknown, allowed=allowed, todo=todo)
    end({**errors, **({"scan.yaml": refused} if refused else {})})


def table(judged: Mapping[str, Judgement], unknown: Verdict, columns: int | None) -> str:
    """A line per variant: verdict, and counts of findings."""
    rows = [
        {
            "variant": name,
            "verdict": str(judgement.verdict(unknown)),
            "refused": str(len(judgement.refused)),
            "ignored": str(len(judgement.ignored)),
            "below threshold": str(len(judgement.reported)),
        }
        for name, judgement in judged.items()
    ]
    return "\n".join(fit(rows, ("below threshold", "ignored"), columns))


def details(judged: Mapping[str, Judgement], remarks: Sequence[str] = (), *, verbose: bool = False) -> str:
    """The findings, each once with the variants that have it, and the remarks.

    With `verbose`, also the findings below the policy's threshold.
    """
    lines: list[str] = []
    for heading, describe in (
        ("refused", lambda judgement: [*judgement.expired, *map(_describe, judgement.refused)]),
        ("not looked for", lambda judgement: [judgement.missing] if judgement.missing else []),
        ("ignored", lambda judgement: map(str, judgement.ignored)),
        ("below threshold", lambda judgement: map(_describe, judgement.reported if verbose else ())),
    ):
        names: dict[str, list[str]] = {}
        for name, judgement in judged.items():
            for line in dict.fromkeys(describe(judgement)):
                names.setdefault(line, []).append(name)
        lines += _block(heading, {line: _join_names(which, len(judged)) for line, which in names.items()})
    return "\n".join(lines + _block("notes", dict.fromkeys(remarks, "")))


def refusal(judged: Mapping[str, Judgement], unknown: Verdict, *, allowed: bool, todo: str) -> PolicyError | None:
    """The error that ends a run.

    Returns None if no judgement refuses, and none has the verdict `unknown` or that is allowed.
    todo: the next step for the verdict `unknown`.
    """
    refused = [name for name, judgement in judged.items() if judgement.refuses]
    missing = [name for name, judgement in judged.items() if judgement.verdict(unknown) is unknown]
    if refused:
        return PolicyError(
            f"{len(refused)} of {len(judged)} refused by scan.yaml: {', '.join(refused)}.",
            todo="use versions with a fix, or add it to `ignore` in scan.yaml, with a reason and a day"
            " (docs/how-to/scan.md).",
        )
    if missing and not allowed:
        return PolicyError(
            f"{len(missing)} of {len(judged)} {unknown}: {', '.join(missing)}.",
            meaning="No finding is refused, but the check is incomplete.",
            todo=todo,
        )
    return None


def _describe(finding: Finding) -> str:
    return f"{finding}: {finding.title}" if finding.title else str(finding)


def _block(heading: str, lines: dict[str, str]) -> list[str]:
    """A heading and its lines, each followed by the variants that it concerns.

    Empty if there are no lines.
    """
    indented = [
        part for line, variants in lines.items() for part in (f"  {line}", *([f"    {variants}"] if variants else []))
    ]
    return ["", f"{heading}:", *indented] if indented else []


def _join_names(names: list[str], total: int) -> str:
    if len(names) == total:
        return "" if total == 1 else f"all {total}"
    return ", ".join(names)
