"""The text output of scans and audits."""

from raydock.cli.scan import details, refusal
from raydock.core.errors import ExitCode
from raydock.model.finding import Finding, FindingKind, Severity
from raydock.model.judgement import Judgement, Verdict

FINDING = Finding(
    kind=FindingKind.VULNERABILITY, id="CVE-1", severity=Severity.HIGH, title="made up", package="a", version="1"
)
BAD = {"bad": Judgement(refused=(FINDING,))}
ALSO = {"also": Judgement(refused=(FINDING,), reported=(FINDING,))}
GOOD = {"good": Judgement()}
HALF = {"half": Judgement(missing="the index did not answer")}


def _refusal(judged: dict[str, Judgement], *, allowed: bool = False) -> str:
    error = refusal(judged, Verdict.NOT_AUDITED, allowed=allowed, todo="--allow-unaudited accepts it")
    assert error is None or error.exit_code is ExitCode.REFUSED
    return str(error or "")


def test_each_finding_is_listed_once_with_its_variants() -> None:
    assert details(BAD | ALSO | GOOD).splitlines() == [
        "",
        "refused:",
        "  CVE-1 (high) in a 1: made up",
        "    bad, also",
    ]
    assert "    all 2" in details(BAD | ALSO)
    assert "below threshold" not in details(ALSO)
    assert "below threshold" in details(ALSO, verbose=True)
    assert details(GOOD, ["a remark"]).splitlines() == ["", "notes:", "  a remark"]


def test_the_error_that_ends_a_run() -> None:
    assert _refusal(GOOD) == ""
    assert "1 of 2 refused by scan.yaml: bad." in _refusal(GOOD | BAD)
    assert "1 of 2 not audited: half." in _refusal(GOOD | HALF)
    assert "--allow-unaudited" in _refusal(HALF)
    assert _refusal(HALF, allowed=True) == ""
    assert "refused" in _refusal(HALF | BAD, allowed=True)
