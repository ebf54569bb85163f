import pytest
from rich.console import Console

from raydock.cli.options import echo
from raydock.cli.output import check_table, table
from raydock.model.report import Check, Report, Status
from raydock.model.result import VariantResult


def test_checks_skipped_for_the_same_reason_share_a_line() -> None:
    checks = (
        Check(id="ray", status=Status.PASSED, detail="a task ran", seconds=1.0),
        Check(id="libs", status=Status.FAILED, detail="libfoo.so.1 is missing", seconds=1.0),
        Check(id="gpu-driver", status=Status.SKIPPED, detail="no GPU", seconds=0.0),
        Check(id="gpu-torch", status=Status.SKIPPED, detail="no GPU", seconds=0.0),
    )
    report = Report(name="ray", image_id="sha256:1", content="sha256:c1", fingerprint="f", checks=checks)
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table([VariantResult(name="ray", report=report)]))
    lines = [line.strip() for line in capture.get().splitlines()]
    assert "libs: libfoo.so.1 is missing" in lines
    assert "gpu-driver, gpu-torch: no GPU" in lines


def test_brackets_in_the_detail_of_a_check_are_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    check = Check(
        id="ray", status=Status.FAILED, detail="needs ray[default], [bold] :key:", seconds=1.0, warnings=("[/x]",)
    )
    report = Report(name="ray", image_id="sha256:1", content="sha256:c1", fingerprint="f", checks=(check,))
    for text in (
        table([VariantResult(name="ray", report=report)]),
        check_table([check]),
        check.detail,
    ):
        echo(text)
        assert "needs ray[default], [bold] :key:" in capsys.readouterr().out
