import pytest

from raydock.cli.options import echo
from raydock.cli.output import check_table, describe_checks, describe_slowest, end, table
from raydock.core.errors import NotBuiltError, RaydockError, VariantError
from raydock.core.events import WAITING, Span
from raydock.core.steps import Step
from raydock.model.image import ContainerImage
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
    results = [VariantResult(name=name, report=report) for name in ("ray", "torch")]
    assert table(results) == [
        "variant  image  size  build         checks",
        "ray      1      -     built before  1 passed, 1 failed, 2 skipped",
        "torch    1      -     built before  1 passed, 1 failed, 2 skipped",
    ]
    assert describe_checks(results) == [
        "ray, torch: libs failed: libfoo.so.1 is missing",
        "ray, torch: gpu-driver, gpu-torch skipped: no GPU",
    ]
    assert describe_checks(results * 2)[0] == "4 variants: libs failed: libfoo.so.1 is missing"


def test_a_narrow_terminal_has_fewer_columns_and_no_folded_line() -> None:
    name = "ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130"
    image = ContainerImage(id=f"sha256:{'ab' * 32}", content="", size=9_876_543_210)
    results = [VariantResult(name=name, image=image, built=True, seconds=61.25)]
    assert table(results)[1] == f"{name}  abababababab  9,877 MB  61.2 s  -"
    assert table(results, 84)[1] == f"{name}  abababababab  9,877 MB  61.2 s  -"
    assert table(results, 80)[1] == f"{name}  9,877 MB  61.2 s  -"
    assert table(results, 69)[1] == f"{name}  9,877 MB  -"
    assert table(results, 10)[1] == f"{name}  -"


def test_brackets_in_the_detail_of_a_check_are_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    check = Check(
        id="ray", status=Status.FAILED, detail="needs ray[default], [bold] :key:", seconds=1.0, warnings=("[/x]",)
    )
    report = Report(name="ray", image_id="sha256:1", content="sha256:c1", fingerprint="f", checks=(check,))
    for text in (
        describe_checks([VariantResult(name="ray", report=report)])[0],
        check_table([check]),
        check.detail,
    ):
        echo(text)
        assert "needs ray[default], [bold] :key:" in capsys.readouterr().out


def test_a_check_table_has_aligned_durations_and_may_be_empty() -> None:
    checks = [
        Check(id="ray", status=Status.PASSED, detail="a task ran", seconds=11.5),
        Check(id="user", status=Status.PASSED, detail="uid 1000", seconds=0.2, warnings=("no name",)),
    ]
    assert check_table(checks) == (
        "ray   passed  11.5 s  a task ran\nuser  passed   0.2 s  uid 1000\n                      warning: no name"
    )
    assert check_table([]) == ""


def test_variants_that_are_not_built_are_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("ray2.60.0-py311-cpu", "ray2.60.0-py313-cpu")
    errors: dict[str, RaydockError] = {name: NotBuiltError(name, command="build") for name in names}
    with pytest.raises(SystemExit) as ended:
        end({"other": VariantError("other failed."), **errors})
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "\nother failed.\n"
        "\n2 variants are not built on this engine: ray2.60.0-py311-cpu, ray2.60.0-py313-cpu.\n"
        "Next: `./build.py build ray2.60.0-py311-cpu ray2.60.0-py313-cpu`.\n"
    )


def test_the_three_slowest_steps_are_named_without_waits() -> None:
    seconds = {"tree": 12.34, WAITING: 99.0, "export": 2.0, "check ray": 11.0, "check libs": 1.0, "load": 0.2}
    steps = [Step(name="v", title=title, span=Span(began=1.0, seconds=value)) for title, value in seconds.items()]
    assert describe_slowest(steps) == [
        "Slowest steps:",
        "  12.3 s  v: tree",
        "  11.0 s  v: check ray",
        "  2.0 s  v: export",
    ]
    assert describe_slowest(steps[-1:]) == []
