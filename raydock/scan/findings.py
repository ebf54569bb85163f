"""Read findings from trivy's JSON form.

Source: https://trivy.dev/docs/v0.76/guide/configuration/reporting/.
"""

from collections.abc import Iterator
from typing import Any

from raydock.core.errors import VariantError
from raydock.model.finding import Finding, FindingKind, Severity

Entry = dict[str, Any]
SCHEMA = 2


def findings(document: Entry) -> Iterator[Finding]:
    """The findings in a document of trivy.

    These are vulnerabilities, secrets, misconfiguration and every licence.

    Raises VariantError if the document has a different schema.
    """
    if document.get("SchemaVersion") != SCHEMA:
        raise VariantError(
            f"trivy writes schema {document.get('SchemaVersion')}, and raydock reads schema {SCHEMA}.",
            todo="remove that trivy from PATH and run `scripts/tools`.",
        )
    for result in document.get("Results") or ():
        yield from map(_vulnerability, result.get("Vulnerabilities") or ())
        yield from map(_license, result.get("Licenses") or ())
        for entry in result.get("Secrets") or ():
            yield _secret(entry, result["Target"])
        for entry in result.get("Misconfigurations") or ():
            if entry.get("Status") == "FAIL":
                yield _misconfiguration(entry)


def content(document: Entry, name: str) -> Entry:
    """The document without its findings, with a name.

    It is the input of an SBOM, which is the same on every day.
    """
    problems = ("Vulnerabilities", "Secrets", "Misconfigurations")
    results = [
        {key: value for key, value in result.items() if key not in problems} for result in document.get("Results") or ()
    ]
    return {**document, "ArtifactName": name, "Results": results}


def _vulnerability(entry: Entry) -> Finding:
    return Finding(
        kind=FindingKind.VULNERABILITY,
        id=entry["VulnerabilityID"],
        aliases=tuple(entry.get("VendorIDs") or ()),
        severity=_severity(entry),
        title=entry.get("Title", ""),
        package=entry["PkgName"],
        version=entry.get("InstalledVersion", ""),
        fixed=entry.get("FixedVersion", ""),
    )


def _license(entry: Entry) -> Finding:
    return Finding(
        kind=FindingKind.LICENSE,
        id=entry["Name"],
        severity=_severity(entry),
        title=f"licence of the class {entry.get('Category', 'unknown')}",
        package=entry.get("PkgName") or entry.get("FilePath", ""),
    )


def _secret(entry: Entry, path: str) -> Finding:
    """A secret's rule and location, without its text, which trivy masks with stars."""
    title = f"{entry.get('Title', '')} in line {entry.get('StartLine', 0)}".strip()
    return Finding(kind=FindingKind.SECRET, id=entry["RuleID"], severity=_severity(entry), title=title, package=path)


def _misconfiguration(entry: Entry) -> Finding:
    return Finding(
        kind=FindingKind.MISCONFIGURATION,
        id=entry["ID"],
        aliases=tuple(name for name in (entry.get("AVDID"),) if name),
        severity=_severity(entry),
        title=entry.get("Message") or entry.get("Title", ""),
        package="Dockerfile",
    )


def _severity(entry: Entry) -> Severity:
    severity = str(entry.get("Severity", "")).lower()
    return Severity(severity) if severity in set(Severity) else Severity.UNKNOWN
