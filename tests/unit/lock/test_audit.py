"""Audits of locks with the advisories of an index on loopback."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from msgspec import structs

from raydock.index.addresses import Address
from raydock.index.client import Index, from_environment
from raydock.lock.audit import audit, ignores_of_locks
from raydock.model import lock as locks
from raydock.model.judgement import Judgement, Verdict
from raydock.model.policy import Ignore, Policy, load
from tests.support.index import Site, serving

TODAY = date(2026, 11, 25)
JINJA = {
    "id": "PYSEC-2099-1",
    "aliases": ["CVE-2099-0001", "GHSA-aaaa-bbbb-cccc"],
    "fixed_in": ["3.0", "2.9.1"],
    "summary": "made up",
    "details": "",
    "withdrawn": None,
}
LOCKS = {
    "ray2.60.0-py311-cpu": locks.parse("ray==2.60.0\njinja2==2.0\n"),
    "ray2.60.0-torch2.3.1-py311-cu118": locks.parse("ray==2.60.0\njinja2==2.0\ntorch==2.3.1+cu118\n"),
}
CPU, GPU = LOCKS


@pytest.fixture
def site() -> Site:
    return Site(advisories={"ray/2.60.0": page(), "jinja2/2.0": page(), "torch/2.3.1": page()})


@pytest.fixture
def index(site: Site) -> Iterator[Index]:
    with serving(site) as endpoint:
        yield Index(address=Address(url=endpoint), timeout=5)


@pytest.fixture
def policy() -> Policy:
    return structs.replace(load(Path(__file__).parents[3] / "scan.yaml"), ignore=())


def page(*advisories: dict[str, Any]) -> dict[str, Any]:
    return {"info": {}, "vulnerabilities": advisories}


def audit_locks(index: Index, policy: Policy) -> dict[str, Judgement]:
    return audit(LOCKS, policy, TODAY, index=index)


def verdicts(judged: dict[str, Judgement]) -> list[Verdict]:
    """The verdicts on LOCKS."""
    return [judged[name].verdict(Verdict.NOT_AUDITED) for name in LOCKS]


def ignore(id: str, package: str = "") -> Ignore:
    return Ignore(id=id, package=package, reason="why", until=TODAY, place="scan.yaml:7")


def test_locks_without_advisories_are_clean_and_each_release_is_requested_once(
    index: Index, site: Site, policy: Policy
) -> None:
    assert verdicts(audit_locks(index, policy)) == [Verdict.CLEAN, Verdict.CLEAN]
    assert sorted(site.requests) == ["/pypi/jinja2/2.0/json", "/pypi/ray/2.60.0/json", "/pypi/torch/2.3.1/json"]


def test_an_advisory_refuses_each_lock_that_pins_its_release(index: Index, site: Site, policy: Policy) -> None:
    site.advisories["torch/2.3.1"] = page(JINJA)
    found = audit_locks(index, policy)
    assert verdicts(found) == [Verdict.CLEAN, Verdict.REFUSED]
    (finding,) = found[GPU].refused
    assert str(finding) == "PYSEC-2099-1 (not rated) in torch 2.3.1+cu118, fixed in 2.9.1, 3.0"
    assert finding.title == "made up"


@pytest.mark.parametrize("id", ["PYSEC-2099-1", "CVE-2099-0001", "ghsa-AAAA-bbbb-cccc"])
def test_an_ignore_may_name_any_alias(index: Index, site: Site, policy: Policy, id: str) -> None:
    site.advisories["jinja2/2.0"] = page(JINJA)
    assert audit_locks(index, policy)[CPU].verdict(Verdict.NOT_AUDITED) is Verdict.REFUSED
    found = audit_locks(index, structs.replace(policy, ignore=(ignore(id),)))[CPU]
    assert found.verdict(Verdict.NOT_AUDITED) is Verdict.CLEAN
    assert found.ignored[0].ignore.id == id


def test_withdrawn_advisories_are_none_and_unfixed_ones_go_by_the_policy(
    index: Index, site: Site, policy: Policy
) -> None:
    site.advisories["jinja2/2.0"] = page({**JINJA, "withdrawn": "2099-01-01T00:00:00Z"}, {**JINJA, "fixed_in": []})
    found = audit_locks(index, policy)[CPU]
    assert found.verdict(Verdict.NOT_AUDITED) is Verdict.CLEAN
    assert [item.fixed for item in found.reported] == [""]
    strict = structs.replace(policy.vulnerabilities, unfixed="fail")
    assert (
        audit_locks(index, structs.replace(policy, vulnerabilities=strict))[CPU].verdict(Verdict.NOT_AUDITED)
        is Verdict.REFUSED
    )


def test_a_release_that_the_index_does_not_know_is_not_audited(index: Index, site: Site, policy: Policy) -> None:
    del site.advisories["torch/2.3.1"]
    found = audit_locks(index, policy)
    assert verdicts(found) == [Verdict.CLEAN, Verdict.NOT_AUDITED]
    assert found[GPU].missing == "the index has no JSON page for torch 2.3.1+cu118."


def test_an_index_without_advisories_gets_one_request(index: Index, site: Site, policy: Policy) -> None:
    site.advisories.clear()
    found = audit_locks(index, policy)
    assert verdicts(found) == [Verdict.NOT_AUDITED, Verdict.NOT_AUDITED]
    assert "its JSON API does not know ray 2.60.0" in found[CPU].missing
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"info": {}}, "it has no list of vulnerabilities"),
        (page({"id": "PYSEC-2099-1"}), "it does not have the format"),
        (page({**JINJA, "fixed_in": ["soon"]}), "Invalid version: 'soon'"),
    ],
)
def test_an_answer_of_a_different_form_audits_nothing(
    index: Index, site: Site, policy: Policy, answer: dict[str, Any], message: str
) -> None:
    site.advisories["jinja2/2.0"] = answer
    found = audit_locks(index, policy)
    assert verdicts(found) == [Verdict.NOT_AUDITED, Verdict.NOT_AUDITED]
    assert f"{index.address.label} gave an answer that cannot be read: {message}" in found[CPU].missing


@pytest.mark.parametrize("fault", ["500", "hang", "gone"])
def test_an_index_that_does_not_answer_audits_nothing_and_its_password_is_not_shown(
    index: Index, site: Site, policy: Policy, fault: str
) -> None:
    endpoint = index.address.url.replace("127.0.0.1", "user:secret@127.0.0.1")
    if fault == "500":
        site.status = 500
    if fault == "hang":
        site.hang = Event()
    if fault == "gone":
        endpoint = "http://user:secret@127.0.0.1:1/simple/"
    found = audit_locks(replace(from_environment({"UV_DEFAULT_INDEX": endpoint}), timeout=0.2), policy)
    assert verdicts(found) == [Verdict.NOT_AUDITED, Verdict.NOT_AUDITED]
    assert "(named by UV_DEFAULT_INDEX) cannot be used: " in found[CPU].missing
    assert "secret" not in found[CPU].missing


def test_findings_do_not_hide_an_incomplete_audit(index: Index, site: Site, policy: Policy) -> None:
    site.advisories["jinja2/2.0"] = page(JINJA)
    del site.advisories["torch/2.3.1"]
    found = audit_locks(index, policy)[GPU]
    assert found.verdict(Verdict.NOT_AUDITED) is Verdict.REFUSED
    assert len(found.reasons) == 2


def test_only_ignores_for_locked_packages_are_reported_as_useless(policy: Policy) -> None:
    ignores = (ignore("CVE-1", "jinja2"), ignore("CVE-2", "bash"), ignore("CVE-3"))
    assert ignores_of_locks(structs.replace(policy, ignore=ignores), LOCKS) == [ignores[0]]
