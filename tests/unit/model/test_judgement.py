"""Findings judged by a policy, and what is said of its ignores."""

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


def test_findings_are_refused_or_reported_once_each_and_licences_that_may_stand_are_left_out(policy: Policy) -> None:
    judged = judge(policy, [BASH, MINOR, BASH, LICENCE], TODAY)
    assert (judged.refused, judged.reported, judged.ignored) == ((BASH,), (MINOR,), ())
    assert judged.refuses
    assert judged.reasons == ("CVE-2099-0001 (high) in bash, fixed in 6.0",)


def test_what_is_ignored_is_not_refused_and_keeps_its_reason(policy: Policy) -> None:
    judged = judge(structs.replace(policy, ignore=(ignore(),)), [BASH], TODAY)
    assert not judged.refuses
    assert judged.ignored[0].ignore.reason == "why"


def test_past_its_day_an_ignore_lets_nothing_through_and_is_a_refusal_itself(policy: Policy) -> None:
    late = structs.replace(policy, ignore=(ignore(until=date(2026, 11, 24)),))
    assert judge(late, [BASH], TODAY).refused == (BASH,)
    nothing_found = judge(late, [], TODAY)
    assert nothing_found.refuses
    assert "was to be ignored up to 2026-11-24" in nothing_found.reasons[0]


def test_what_was_not_looked_for_is_a_reason_and_no_refusal(policy: Policy) -> None:
    judged = judge(policy, [], TODAY, "vulnerabilities: no database")
    assert not judged.refuses
    assert judged.reasons == ("vulnerabilities: no database",)


def test_ignores_whose_fix_is_out_or_that_match_nothing_are_remarked_upon(policy: Policy) -> None:
    ignores = (ignore(), ignore("CVE-2099-0009"))
    judged = judge(structs.replace(policy, ignore=ignores), [BASH], TODAY)
    assert remarks(ignores, [judged, judged]) == [
        "scan.yaml:7: CVE-2099-0001: a fix is out: bash 6.0. Take it, and remove the ignore.",
        "scan.yaml:7: CVE-2099-0009: matches nothing here any more. Remove it, "
        "unless a variant that was not asked about needs it.",
    ]


def test_an_ignore_past_its_day_that_matches_is_not_said_to_match_nothing(policy: Policy) -> None:
    late = (ignore(until=date(2026, 11, 24)),)
    assert remarks(late, [judge(structs.replace(policy, ignore=late), [BASH], TODAY)]) == []
    assert len(remarks(late, [judge(structs.replace(policy, ignore=late), [], TODAY)])) == 1


def test_where_not_all_was_looked_for_nothing_is_said_of_what_matches_nothing(policy: Policy) -> None:
    ignores = (ignore("CVE-2099-0009"),)
    half = judge(structs.replace(policy, ignore=ignores), [BASH], TODAY, "vulnerabilities: no database")
    assert remarks(ignores, [half]) == []
    assert remarks(ignores, []) == []
