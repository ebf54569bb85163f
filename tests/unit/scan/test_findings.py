"""Findings, and whether OS packages were checked: documents and warnings of trivy 0.76 from 2026-11-29, shortened."""

from typing import Any

import pytest

from raydock.core.errors import VariantError
from raydock.model.finding import Finding, FindingKind, Severity
from raydock.scan.findings import content, findings, gap, unread

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


EXPIRED = (
    'This OS version is no longer supported by the distribution family="debian" version="10.13"',
    "The vulnerability detection may be insufficient because security updates are not provided",
)
NO_PACKAGE = (
    "No OS package is detected. Make sure you haven't deleted any files that contain information about the installed"
    " packages.",
    'e.g. files under "/lib/apk/db/", "/var/lib/dpkg/" and "/var/lib/rpm"',
)
PARSE_ERROR = (
    '[dpkg] Parse error file_path="var/lib/dpkg/status" err="malformed MIME header: missing colon: \\"garbage line\\""',
)
BASH = {"Name": "bash", "Version": "5.2.15"}
LICENSES = {"Target": "OS Packages", "Class": "license"}


def trivy_document(system: dict[str, Any] | None, *packages: dict[str, str], checked: bool = True) -> dict[str, Any]:
    """trivy's document for a system; `checked`: whether it has advisories for it."""
    family = (system or {}).get("Family", "")
    result = {"Target": f"x ({family})", "Class": "os-pkgs", "Type": family, "Packages": list(packages)}
    metadata = {"OS": system} if system else {}
    return {"SchemaVersion": 2, "Metadata": metadata, "Results": [*([result] if checked else []), LICENSES]}


@pytest.mark.parametrize(
    ("system", "warnings"),
    [
        ({"Family": "debian", "Name": "12.11"}, ()),
        ({"Family": "debian", "Name": "13.1"}, ()),
        ({"Family": "ubuntu", "Name": "24.04"}, ()),
        ({"Family": "ubuntu", "Name": "20.04", "extended": True}, ()),
        (
            {"Family": "debian", "Name": "12.11"},
            (
                "[secret] The size of the scanned file is too large.",
                "Using severities from other vendors",
            ),
        ),
    ],
)
def test_a_system_with_advisories_has_no_gap(system: dict[str, Any], warnings: tuple[str, ...]) -> None:
    assert gap(trivy_document(system, BASH), warnings) == ""


@pytest.mark.parametrize(
    ("document", "warnings", "reason"),
    [
        (
            trivy_document({"Family": "debian", "Name": "10.13", "EOSL": True}, BASH),
            EXPIRED,
            "debian 10.13 is past its end",
        ),
        (
            trivy_document({"Family": "ubuntu", "Name": "20.04", "EOSL": True}, BASH),
            (),
            "ubuntu 20.04 is past its end of life",
        ),
        (
            trivy_document({"Family": "alpine", "Name": "3.10.0"}, BASH),
            EXPIRED,
            "alpine 3.10.0 is past its end of life",
        ),
        (
            trivy_document({"Family": "debian", "Name": "forky/sid"}, BASH),
            ('This OS version is not on the EOL list family="debian" version="forky/sid"',),
            "does not know the release debian forky/sid",
        ),
        (
            trivy_document({"Family": "debian", "Name": ""}, BASH),
            ('This OS version is not on the EOL list family="debian" version=""',),
            "does not know the release debian",
        ),
        (trivy_document({"Family": "debian", "Name": "12.11"}), NO_PACKAGE, "no packages of debian 12.11"),
        (trivy_document({"Family": "photon", "Name": "5.0"}), NO_PACKAGE, "no packages of photon 5.0"),
        (
            trivy_document({"Family": "debian", "Name": "12.11"}, BASH),
            PARSE_ERROR,
            "could not read all packages of debian",
        ),
        (trivy_document({"Family": "fedora", "Name": "42"}, checked=False), NO_PACKAGE, "no advisories for fedora 42"),
        (
            trivy_document({"Family": "none", "Name": ""}, checked=False),
            ('Unsupported os family="none"',),
            "did not find a known operating system",
        ),
        (trivy_document(None, checked=False), (), "did not find a known operating system"),
        ({"SchemaVersion": 2, "Metadata": None, "Results": None}, (), "did not find a known operating system"),
        ({"SchemaVersion": 2}, (), "did not find a known operating system"),
    ],
)
def test_a_system_that_was_not_checked_is_a_gap(
    document: dict[str, Any], warnings: tuple[str, ...], reason: str
) -> None:
    sentence = gap(document, warnings)
    assert sentence.startswith("vulnerabilities of OS packages: ")
    assert reason in sentence


def test_only_warnings_about_package_lists_are_about_unread_packages() -> None:
    assert unread([*EXPIRED, *NO_PACKAGE, *PARSE_ERROR]) == list(PARSE_ERROR)
    assert unread(["[secret] Parse error", "[rpm] Failed to read the database", "[apk] ok"]) == [
        "[rpm] Failed to read the database"
    ]
