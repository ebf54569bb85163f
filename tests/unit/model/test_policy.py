"""scan.yaml: the findings that it refuses, and how it is read."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from raydock.core.errors import ConfigurationError
from raydock.model.finding import Finding, FindingKind, Severity
from raydock.model.policy import Policy, load

ROOT = Path(__file__).parents[3]
TEXT = """\
vulnerabilities: {fail: [critical, high], unfixed: report}
secrets: {fail: [critical]}
misconfiguration: {fail: []}
licenses: {fail: ["AGPL-*"]}
ignore:
  - {id: CVE-2099-0001, package: Some_Package, reason: we never call it, until: 2027-01-31}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scan.yaml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def policy(file: Path) -> Policy:
    return load(file)


def found(kind: FindingKind = FindingKind.VULNERABILITY, severity: Severity = Severity.HIGH, **more: Any) -> Finding:
    return Finding(**{"kind": kind, "severity": severity, "id": "CVE-2099-0001", "fixed": "2.0", **more})


def test_the_committed_policy_is_read() -> None:
    policy = load(ROOT / "scan.yaml")
    assert policy.refuses(found())
    assert not policy.refuses(found(fixed=""))


@pytest.mark.parametrize(
    ("finding", "refused"),
    [
        (found(), True),
        (found(severity=Severity.MEDIUM), False),
        (found(severity=Severity.UNKNOWN), True),
        (found(fixed=""), False),
        (found(FindingKind.SECRET, Severity.CRITICAL), True),
        (found(FindingKind.SECRET, Severity.LOW, fixed=""), False),
        (found(FindingKind.MISCONFIGURATION, Severity.CRITICAL), False),
        (found(FindingKind.LICENSE, id="agpl-3.0-only"), True),
        (found(FindingKind.LICENSE, id="LGPL-3.0-only"), False),
    ],
)
def test_what_is_refused(policy: Policy, finding: Finding, refused: bool) -> None:
    assert policy.refuses(finding) is refused


def test_a_vulnerability_without_a_fix_is_refused_if_the_policy_says_so(file: Path) -> None:
    file.write_text(TEXT.replace("unfixed: report", "unfixed: fail"))
    assert load(file).refuses(found(fixed=""))


@pytest.mark.parametrize(
    ("more", "concerned"),
    [
        ({"package": "some-package"}, True),
        ({"package": "other"}, False),
        ({"package": "some.package", "id": "GHSA-1", "aliases": ("cve-2099-0001",)}, True),
        ({"package": "some-package", "id": "CVE-2099-0002"}, False),
    ],
)
def test_an_ignore_matches_any_id_and_the_package(policy: Policy, more: dict[str, Any], concerned: bool) -> None:
    assert policy.ignore[0].concerns(found(**more)) is concerned


def test_an_ignore_of_a_secret_may_name_files_by_a_pattern(file: Path) -> None:
    file.write_text(TEXT.replace("CVE-2099-0001", "private-key").replace("Some_Package", "/opt/venv/*/test_*.pem"))
    secret = found(FindingKind.SECRET, id="private-key", package="/opt/venv/lib/python3.11/site-packages/x/test_1.pem")
    assert load(file).ignore[0].concerns(secret)


def test_an_ignore_is_valid_through_its_last_day(policy: Policy) -> None:
    assert policy.objections(date(2027, 1, 31)) == ()
    (objection,) = policy.objections(date(2027, 2, 1))
    assert objection == ("scan.yaml:6: CVE-2099-0001 in Some_Package was ignored until 2027-01-31: we never call it")


def test_the_digest_is_of_the_rules_and_not_of_comments(file: Path) -> None:
    first = load(file).digest
    file.write_text(f"# a comment\n{TEXT}")
    assert load(file).digest == first
    file.write_text(TEXT.replace("2027-01-31", "2027-02-01"))
    assert load(file).digest != first


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("vulnerabilities:", "vulnerabilites:", 1, "'vulnerabilities'"),
        ("critical, high]", "critcal, high]", 1, "'critical'"),
        ("critical, high]", "critical, unknown]", 1, "'unknown' is not allowed"),
        ("unfixed: report", "unfixed: never", 1, "fail, report"),
        ("unfixed: report", "unfixed: report, database-days: 0", 1, "not a number of days"),
        ("reason: we never call it, ", "", 6, "add `reason:`"),
        ("we never call it", '""', 6, "is empty"),
        (", until: 2027-01-31", "", 6, "add `until:`"),
        ("2027-01-31", "soon", 6, "is not a date"),
        ('licenses: {fail: ["AGPL-*"]}\n', "", 1, "add `licenses:`"),
    ],
)
def test_an_invalid_value_is_refused_with_its_line(file: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in TEXT
    file.write_text(TEXT.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    assert f"scan.yaml:{line}: " in str(caught.value)
    assert message in str(caught.value)
