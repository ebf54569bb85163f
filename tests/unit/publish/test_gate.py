"""The publishing gate: which images pass, and why others do not."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from raydock.core.checkout import Checkout
from raydock.core.errors import PolicyError
from raydock.core.files import digest_of, write_whole
from raydock.model import policy
from raydock.model import report as reports
from raydock.model.finding import Finding, FindingKind, Severity
from raydock.model.image import ContainerImage
from raydock.model.judgement import Judgement
from raydock.model.labels import ImageLabels
from raydock.model.report import Check, Report, Status
from raydock.publish.gate import Gate
from raydock.scan import report as scans
from tests.support.builtimages import scan_of

ROOT = Path(__file__).parents[3]
NAME = "ray2.60.0-py311-cpu"
IMAGE = ContainerImage(id="sha256:1", content="sha256:c1", labels=ImageLabels({"raydock.fingerprint": "f"}))
RULES = policy.load(ROOT / "scan.yaml")
CLEAN = Judgement()
FLAW = Finding(
    kind=FindingKind.VULNERABILITY,
    id="CVE-2026-0001",
    aliases=(),
    package="bash",
    version="5.2",
    fixed="5.3",
    severity=Severity.CRITICAL,
    title="",
)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """A gate with passing reports of NAME."""
    gate = Gate(checkout=Checkout(tmp_path), policy=RULES, today=date(2026, 11, 25))
    for kind in ("smoke", "contract"):
        report(gate, kind)
    write_whole(gate.checkout.report(NAME, "scan").parent / "sbom.cdx.json", "{}")
    scan(gate)
    return gate


def report(gate: Gate, kind: str, *, content: str = "sha256:c1", status: Status = Status.PASSED) -> None:
    checks = (Check(id="ray", status=status, detail="not found", seconds=1.0),)
    made = Report(name=NAME, image_id="sha256:1", content=content, fingerprint="f", checks=checks)
    reports.save(made, gate.checkout.report(NAME, kind))


def scan(gate: Gate, *, fingerprint: str = "f", rules: str = RULES.digest, judgement: Judgement = CLEAN) -> None:
    made = scan_of(
        name=NAME,
        image_id="sha256:1",
        content="sha256:c1",
        fingerprint=fingerprint,
        policy=rules,
        judgement=judgement,
        sboms={"sbom.cdx.json": digest_of(b"{}")},
    )
    scans.save(made, gate.checkout.report(NAME, "scan"))


def refusal(gate: Gate) -> str:
    with pytest.raises(PolicyError) as refused:
        gate.check(NAME, IMAGE)
    return str(refused.value)


def test_an_image_that_passes_comes_with_its_reports_and_sboms(gate: Gate) -> None:
    evidence = gate.check(NAME, IMAGE)
    assert set(evidence.files) == {"smoke.json", "contract.json", "scan.json", "sbom.cdx.json"}
    assert evidence.files["sbom.cdx.json"] == b"{}"
    assert evidence.reports["smoke"]["checks"][0]["id"] == "ray"
    assert evidence.reports["scan"]["verdict"] == "clean"


@pytest.mark.parametrize("kind", ["smoke", "contract"])
def test_each_report_must_exist_be_of_this_build_and_have_passed(gate: Gate, kind: str) -> None:
    report(gate, kind, status=Status.FAILED)
    assert f"{kind} failed (ray: not found)" in refusal(gate)
    report(gate, kind, status=Status.SKIPPED)
    assert f"{kind} failed (no check passed)" in refusal(gate)
    report(gate, kind, content="sha256:c2")
    assert f"its {kind} report is of a different build" in refusal(gate)
    gate.checkout.report(NAME, kind).unlink()
    assert f"it has no {kind} report" in refusal(gate)


def test_a_report_without_content_belongs_to_the_image_with_its_id(gate: Gate) -> None:
    for kind in ("smoke", "contract"):
        report(gate, kind, content="")
    gate.check(NAME, IMAGE)
    with pytest.raises(PolicyError, match="its smoke report is of a different build"):
        gate.check(NAME, replace(IMAGE, id="sha256:2"))


def test_an_image_that_is_not_for_kuberay_needs_no_contract_report(gate: Gate) -> None:
    gate.checkout.report(NAME, "contract").unlink()
    evidence = gate.check(NAME, IMAGE, kuberay=False)
    assert set(evidence.reports) == {"smoke", "scan"}


def test_every_reason_is_reported_with_the_command_that_fixes_it(gate: Gate) -> None:
    for kind in ("smoke", "contract", "scan"):
        gate.checkout.report(NAME, kind).unlink()
    message = refusal(gate)
    assert "it has no smoke report; it has no contract report; it has no scan report." in message
    for command in ("smoke", "smoke --contract", "scan"):
        assert f"`./build.py {command} {NAME}`" in message


def test_a_scan_must_be_clean_and_of_this_build_and_policy(gate: Gate) -> None:
    scan(gate, judgement=Judgement(refused=(FLAW,)))
    assert "CVE-2026-0001" in refusal(gate)
    scan(gate, fingerprint="e")
    assert "scanned before its newest build" in refusal(gate)
    scan(gate, rules="sha256:0")
    assert "scan.yaml changed since it was scanned" in refusal(gate)


def test_an_unscanned_image_must_be_allowed_and_otherwise_clean(gate: Gate) -> None:
    unscanned = Judgement(missing="there is no vulnerability database")
    scan(gate, judgement=unscanned)
    assert "not scanned: there is no vulnerability database" in refusal(gate)
    allowing = Gate(checkout=gate.checkout, policy=RULES, today=gate.today, allow_unscanned=True)
    assert allowing.check(NAME, IMAGE).reports["scan"]["verdict"] == "not scanned"
    scan(gate, fingerprint="e", judgement=unscanned)
    assert "scanned before its newest build" in refusal(allowing)
    scan(gate, judgement=Judgement(missing="no database", refused=(FLAW,)))
    assert "CVE-2026-0001" in refusal(allowing)


def test_a_scan_with_a_changed_sbom_counts_as_missing(gate: Gate) -> None:
    write_whole(gate.checkout.report(NAME, "scan").parent / "sbom.cdx.json", "[]")
    assert "it has no scan report" in refusal(gate)
