"""Read trivy's JSON form: its findings, and whether it checked the operating system packages.

trivy reports no findings for a system without security updates and for an unknown system. Only `Metadata.OS`, a missing
`os-pkgs` result and warnings show the difference.

Source: https://trivy.dev/docs/v0.76/guide/configuration/reporting/. Of the packages: trivy 0.76, pkg/detector/ospkg and
pkg/scan/local, read and tested on 2026-11-29 (docs/how-to/scan.md lists the tested systems).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from raydock.core.errors import VariantError
from raydock.model.finding import Finding, FindingKind, Severity

Entry = dict[str, Any]
SCHEMA = 2
# trivy reports the system `none` if it found packages but no system.
_NO_SYSTEM = frozenset({"", "none"})
_EXPIRED = re.compile(r"OS version is no longer supported by the distribution")
_UNKNOWN_RELEASE = re.compile(r"OS version is not on the EOL list")
# trivy skips the entries that it cannot parse.
_UNREAD = re.compile(r"^\[(?:dpkg|apk|rpm)\S*\] .*(?:error|fail)", re.IGNORECASE)


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


def gap(document: Entry, warnings: Sequence[str]) -> str:
    """Why not all OS packages were checked for vulnerabilities, as one sentence.

    Returns an empty string if all were.

    document: trivy's JSON form of an image.
    warnings: trivy's warnings during the scan.
    """
    system = (document.get("Metadata") or {}).get("OS") or {}
    family = str(system.get("Family") or "")
    name = f"{family} {system.get('Name') or ''}".strip()
    packages, lines = _packages(document), unread(warnings)
    reasons = (
        (family in _NO_SYSTEM, "trivy did not find a known operating system in the image"),
        (packages is None, f"trivy has no advisories for {name}"),
        (not packages, f"trivy found no packages of {name}: the image has no package list that trivy reads"),
        (system.get("EOSL") or _any(_EXPIRED, warnings), f"{name} is past its end of life and gets no more advisories"),
        (_any(_UNKNOWN_RELEASE, warnings), f"trivy does not know the release {name}"),
        (lines, f"trivy could not read all packages of {name}: {' / '.join(lines)[:300]}"),
    )
    return next((f"vulnerabilities of OS packages: {reason}" for applies, reason in reasons if applies), "")


def unread(warnings: Iterable[str]) -> list[str]:
    """The warnings about package lists that trivy could not read.

    It does not repeat them for a cached layer.
    """
    return [warning for warning in warnings if _UNREAD.search(warning)]


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


def _packages(document: Entry) -> list[Any] | None:
    """The OS packages that trivy looked up in its database.

    Returns None if it has no database for this system.
    """
    results = [result for result in document.get("Results") or () if result.get("Class") == "os-pkgs"]
    return [package for result in results for package in result.get("Packages") or ()] if results else None


def _any(pattern: re.Pattern[str], lines: Iterable[str]) -> bool:
    return any(pattern.search(line) for line in lines)
