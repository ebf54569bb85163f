"""Judge findings by a policy, and report its useless ignores."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from msgspec import structs

from raydock.model.finding import Finding, FindingKind, Severity
from raydock.model.judgement import judge, remarks
from raydock.model.policy import Ignore, Policy, load

TODAY = date(2026, 11, 25)
BASH = Finding(kind=FindingKind.VULNERABILITY, id="CVE-2099-0001", severity=Severity.HIGH, package="bash", fixed="6.0")
MINOR = replace(BASH, id="CVE-2099-0002", severity=Severity.LOW)
LICENCE = Finding(kind=FindingKind.LICENSE, id="MIT", severity=Severity.LOW, package="six")


@pytest.fixture
def policy() -> Policy:
    return structs.replace(load(Path(__file__).parents[3] / "scan.yaml"), ignore=())


def ignore(id: str = BASH.id, until: date = TODAY) -> Ignore:
    return Ignore(id=id, package="", reason="why", until=until, place="scan.yaml:7")


def test_findings_are_refused_or_reported_once_each_and_accepted_licences_are_omitted(policy: Policy) -> None:
    judged = judge(policy, [BASH, MINOR, BASH, LICENCE], TODAY)
    assert (judged.refused, judged.reported, judged.ignored) == ((BASH,), (MINOR,), ())
    assert judged.refuses
    assert judged.reasons == ("CVE-2099-0001 (high) in bash, fixed in 6.0",)


def test_an_ignored_finding_is_not_refused_and_keeps_its_reason(policy: Policy) -> None:
    judged = judge(structs.replace(policy, ignore=(ignore(),)), [BASH], TODAY)
    assert not judged.refuses
    assert judged.ignored[0].ignore.reason == "why"


def test_an_expired_ignore_ignores_nothing_and_is_itself_a_reason_to_refuse(policy: Policy) -> None:
    late = structs.replace(policy, ignore=(ignore(until=date(2026, 11, 24)),))
    assert judge(late, [BASH], TODAY).refused == (BASH,)
    nothing_found = judge(late, [], TODAY)
    assert nothing_found.refuses
    assert "was ignored until 2026-11-24" in nothing_found.reasons[0]


def test_an_incomplete_scan_is_a_reason_but_is_not_refused(policy: Policy) -> None:
    judged = judge(policy, [], TODAY, "vulnerabilities: no database")
    assert not judged.refuses
    assert judged.reasons == ("vulnerabilities: no database",)


def test_ignores_with_a_fix_or_without_a_match_are_reported(policy: Policy) -> None:
    ignores = (ignore(), ignore("CVE-2099-0009"))
    judged = judge(structs.replace(policy, ignore=ignores), [BASH], TODAY)
    assert remarks(ignores, [judged, judged]) == [
        "scan.yaml:7: CVE-2099-0001: a fix exists: bash 6.0. Install it, and remove the ignore.",
        "scan.yaml:7: CVE-2099-0009: no longer matches a finding. Remove it, "
        "unless a variant that was not selected needs it.",
    ]


def test_an_expired_ignore_that_matches_is_not_reported_as_useless(policy: Policy) -> None:
    late = (ignore(until=date(2026, 11, 24)),)
    assert remarks(late, [judge(structs.replace(policy, ignore=late), [BASH], TODAY)]) == []
    assert len(remarks(late, [judge(structs.replace(policy, ignore=late), [], TODAY)])) == 1


def test_after_an_incomplete_scan_ignores_without_a_match_are_not_reported(policy: Policy) -> None:
    ignores = (ignore("CVE-2099-0009"),)
    half = judge(structs.replace(policy, ignore=ignores), [BASH], TODAY, "vulnerabilities: no database")
    assert remarks(ignores, [half]) == []
    assert remarks(ignores, []) == []
