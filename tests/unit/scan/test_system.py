"""Whether OS packages were checked, by documents and warnings of trivy 0.76 from 2026-11-29, shortened."""

from typing import Any

import pytest

from raydock.scan.system import gap, unread

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
