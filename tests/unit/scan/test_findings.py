"""Findings read from documents of trivy 0.76, shortened."""

from typing import Any

import pytest

from raydock.core.errors import VariantError
from raydock.model.finding import Finding, FindingKind, Severity
from raydock.scan.findings import content, findings

DOCUMENT: dict[str, Any] = {
    "SchemaVersion": 2,
    "ArtifactName": "sha256:1",
    "Results": [
        {
            "Target": "Python",
            "Packages": [{"Name": "ray"}],
            "Vulnerabilities": [
                {
                    "VulnerabilityID": "CVE-2099-0002",
                    "VendorIDs": ["GHSA-xxxx-yyyy-zzzz"],
                    "PkgName": "ray",
                    "InstalledVersion": "2.0.0",
                    "FixedVersion": "9.50.0",
                    "Severity": "CRITICAL",
                    "Title": "made up",
                },
                {"VulnerabilityID": "CVE-2099-0003", "PkgName": "ray", "Severity": "NEW"},
            ],
        },
        {
            "Target": "/etc/app.env",
            "Secrets": [{"RuleID": "aws-access-key-id", "Severity": "CRITICAL", "Title": "AWS Key", "StartLine": 1}],
        },
        {"Target": "OS Packages", "Licenses": [{"Name": "GPL-2.0-only", "PkgName": "dash", "Severity": "HIGH"}]},
        {
            "Target": "Dockerfile",
            "Misconfigurations": [
                {"ID": "DS-0002", "Message": "runs as root", "Severity": "HIGH", "Status": "FAIL"},
                {"ID": "DS-0001", "Severity": "MEDIUM", "Status": "PASS"},
            ],
        },
        {"Target": "empty"},
    ],
}


def test_each_kind_is_a_finding() -> None:
    assert list(findings(DOCUMENT)) == [
        Finding(
            kind=FindingKind.VULNERABILITY,
            id="CVE-2099-0002",
            aliases=("GHSA-xxxx-yyyy-zzzz",),
            severity=Severity.CRITICAL,
            title="made up",
            package="ray",
            version="2.0.0",
            fixed="9.50.0",
        ),
        Finding(kind=FindingKind.VULNERABILITY, id="CVE-2099-0003", severity=Severity.UNKNOWN, package="ray"),
        Finding(
            kind=FindingKind.SECRET,
            id="aws-access-key-id",
            severity=Severity.CRITICAL,
            title="AWS Key in line 1",
            package="/etc/app.env",
        ),
        Finding(
            kind=FindingKind.LICENSE,
            id="GPL-2.0-only",
            severity=Severity.HIGH,
            title="licence of the class unknown",
            package="dash",
        ),
        Finding(
            kind=FindingKind.MISCONFIGURATION,
            id="DS-0002",
            severity=Severity.HIGH,
            title="runs as root",
            package="Dockerfile",
        ),
    ]


def test_an_empty_image_has_no_findings() -> None:
    assert list(findings({"SchemaVersion": 2})) == []


def test_a_different_schema_is_refused() -> None:
    with pytest.raises(VariantError, match="trivy writes schema 3"):
        list(findings({**DOCUMENT, "SchemaVersion": 3}))


def test_an_sbom_is_made_from_the_content_without_the_findings() -> None:
    bare = content(DOCUMENT, "a/b:c")
    assert bare["ArtifactName"] == "a/b:c"
    assert [sorted(result) for result in bare["Results"]] == [
        ["Packages", "Target"],
        ["Target"],
        ["Licenses", "Target"],
        ["Target"],
        ["Target"],
    ]
