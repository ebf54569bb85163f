"""The report of a scan as stored, and whether the image may be published."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from raydock.core.files import digest_of
from raydock.model.finding import Finding, FindingKind, Severity
from raydock.model.image import ContainerImage
from raydock.model.judgement import Ignored, Judgement, Verdict
from raydock.model.labels import ImageLabels
from raydock.model.policy import Ignore, Policy
from raydock.scan.report import ScanReport, load, save

TODAY = date(2026, 11, 25)
IMAGE = ContainerImage(id="sha256:1", content="sha256:c1", labels=ImageLabels({"raydock.fingerprint": "f"}))
FINDING = Finding(
    kind=FindingKind.VULNERABILITY, id="CVE-2099-0001", severity=Severity.HIGH, package="bash", aliases=("X-1",)
)
IGNORE = Ignore(id="X-1", package="", reason="why", until=TODAY, place="scan.yaml:7")


@pytest.fixture
def report(policy: Policy) -> ScanReport:
    return ScanReport(
        name="ray2.60.0-py311-cpu",
        image_id="sha256:1",
        content="sha256:c1",
        fingerprint="f",
        scanned="2026-11-25T12:00:00Z",
        trivy="0.76.0",
        database="2026-11-25T06:00:00Z",
        policy=policy.digest,
        judgement=Judgement(reported=(FINDING,), ignored=(Ignored(finding=FINDING, ignore=IGNORE),)),
        sboms={"sbom.cdx.json": digest_of(b"{}")},
    )


@pytest.fixture
def path(tmp_path: Path, report: ScanReport) -> Path:
    (tmp_path / "sbom.cdx.json").write_text("{}")
    save(report, tmp_path / "scan.json")
    return tmp_path / "scan.json"


def judged(report: ScanReport, **judgement: Any) -> ScanReport:
    return replace(report, judgement=replace(report.judgement, **judgement))


def test_a_saved_report_is_read(report: ScanReport, path: Path) -> None:
    assert load(path) == report


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', '{"schema": 1}'])
def test_a_file_that_is_not_a_report_is_ignored(path: Path, text: str) -> None:
    path.write_text(text)
    assert load(path) is None


@pytest.mark.parametrize("sbom", [None, "of a different scan"])
def test_a_report_without_its_own_sboms_is_ignored(path: Path, sbom: str | None) -> None:
    if sbom is None:
        (path.parent / "sbom.cdx.json").unlink()
    else:
        (path.parent / "sbom.cdx.json").write_text(sbom)
    assert load(path) is None


def test_the_verdict(report: ScanReport) -> None:
    assert report.verdict is Verdict.CLEAN
    assert judged(report, missing="no database").verdict is Verdict.NOT_SCANNED
    assert judged(report, missing="no database", refused=(FINDING,)).verdict is Verdict.REFUSED
    assert judged(report, expired=("an ignore is past its day",)).verdict is Verdict.REFUSED


def test_a_report_objects_to_publishing(report: ScanReport, policy: Policy) -> None:
    def objection(report: ScanReport, policy: Policy = policy, content: str = "sha256:c1") -> str:
        return report.objection(replace(IMAGE, content=content), policy, TODAY)

    assert objection(report) == ""
    assert objection(report, content="sha256:c2") == "it was scanned before its newest build"
    assert objection(judged(report, refused=(FINDING,))) == "its scan: refused: CVE-2099-0001 (high) in bash"
    assert objection(judged(report, missing="no database")) == "its scan: not scanned: no database"
    strict = structs.replace(policy.vulnerabilities, unfixed="fail")
    changed = structs.replace(policy, vulnerabilities=strict)
    assert objection(report, changed) == "scan.yaml changed since it was scanned"


def test_an_expired_ignore_stops_publishing(report: ScanReport, policy: Policy) -> None:
    policy = structs.replace(policy, ignore=(structs.replace(IGNORE, until=date(2026, 11, 24)),))
    current = replace(report, policy=policy.digest)
    assert current.objection(IMAGE, policy, TODAY) == "scan.yaml:7: X-1 was ignored until 2026-11-24: why"
