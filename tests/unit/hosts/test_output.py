"""The results of variants on hosts, as a table and as JSON."""

from raydock.core.errors import OutOfReachError, VariantError
from raydock.engine.host import Host
from raydock.hosts.output import document, table
from raydock.hosts.smoke import HostOutcome, HostResult
from raydock.hosts.transfer import TransferMethod, TransferredImage
from raydock.model.image import ContainerImage
from raydock.model.report import Check, Report, Status
from raydock.model.result import VariantResult

IMAGE = ContainerImage(id="sha256:1", content="sha256:c1")
FIRST, SECOND = "ray1.0.0-py311-cpu", "ray2.0.0-py311-cpu"


def result(
    name: str, method: TransferMethod, *checks: tuple[str, Status, str], sent: int = 0, remark: str = ""
) -> HostResult:
    answers = tuple(Check(id=id, status=status, detail=detail, seconds=1.0) for id, status, detail in checks)
    report = Report(name=name, image_id="sha256:1", content="sha256:c1", fingerprint="f", checks=answers)
    transferred = TransferredImage(image=IMAGE, method=method, sent=sent, remark=remark)
    return HostResult(variant=VariantResult(name=name, image=IMAGE, report=report), transferred=transferred)


def host(name: str) -> Host:
    return Host(name=name, address=f"ssh://{name}")


OUTCOMES = [
    HostOutcome(
        host=host("gpu1"),
        engine="26.1.5",
        results=(
            result(FIRST, TransferMethod.SENT, ("user", Status.PASSED, ""), sent=1234567, remark="it was never pushed"),
            result(
                SECOND, TransferMethod.PRESENT, ("user", Status.PASSED, ""), ("gpu", Status.SKIPPED, "no GPU [here]")
            ),
        ),
    ),
    HostOutcome(host=host("gpu2"), error=OutOfReachError("gpu2 is out of reach: no answer.")),
    HostOutcome(
        host=host("gpu3"),
        engine="28.0.1",
        results=(
            result(FIRST, TransferMethod.PULLED, ("libs", Status.FAILED, "libcuda is missing")),
            HostResult(variant=VariantResult(name=SECOND, error=VariantError("it is not available."))),
        ),
    ),
]


def test_the_table_has_a_line_for_each_variant_on_each_host_and_lists_what_did_not_pass() -> None:
    lines = table(OUTCOMES, [FIRST, SECOND], None).splitlines()
    assert [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines[:7]] == [
        ["host", "engine", "variant", "result"],
        ["gpu1", "26.1.5", FIRST, "1 passed (1.2 MB sent)"],
        ["gpu1", "26.1.5", SECOND, "1 passed, 1 skipped (image present)"],
        ["gpu2", "-", FIRST, "out of reach"],
        ["gpu2", "-", SECOND, "out of reach"],
        ["gpu3", "28.0.1", FIRST, "1 failed (image pulled)"],
        ["gpu3", "28.0.1", SECOND, "failed"],
    ]
    assert lines[8:] == [
        f"gpu1, {FIRST}: not pulled: it was never pushed",
        f"gpu1, {SECOND}: gpu skipped: no GPU [here]",
        f"gpu3, {FIRST}: libs failed: libcuda is missing",
    ]
    assert "engine" not in table(OUTCOMES, [FIRST, SECOND], 60)


def test_the_document_has_the_transfer_of_images_and_the_errors_of_hosts() -> None:
    first, second, third = document(OUTCOMES)["hosts"]
    assert first["variants"][0]["image"] == {"way": "sent", "sent": 1234567, "remark": "it was never pushed"}
    assert first["variants"][1]["checks"][1]["status"] == "skipped"
    assert second == {"host": "gpu2", "engine": "", "variants": [], "error": "gpu2 is out of reach: no answer."}
    assert third["variants"][1]["error"] == "it is not available."
    assert "image" not in third["variants"][1]
    assert [outcome.passed for outcome in OUTCOMES] == [True, False, False]
