from pathlib import Path

import pytest

from raydock.model.report import Check, Report, Status, load, save


def _report(*states: Status) -> Report:
    checks = tuple(Check(id=f"c{n}", status=state, detail="d", seconds=1.5) for n, state in enumerate(states))
    return Report(name="ray2.60.0-py311-cpu", image_id="sha256:1", content="sha256:c1", fingerprint="f", checks=checks)


def test_a_saved_report_is_read(tmp_path: Path) -> None:
    report = _report(Status.PASSED, Status.SKIPPED)
    save(report, tmp_path / "smoke.json")
    assert load(tmp_path / "smoke.json") == report


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', '{"schema": 1, "checks": [{}]}'])
def test_an_invalid_report_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "smoke.json"
    path.write_text(text)
    assert load(path) is None
    assert load(tmp_path / "absent.json") is None


@pytest.mark.parametrize(
    ("states", "passed"),
    [
        ((Status.PASSED, Status.SKIPPED), True),
        ((Status.PASSED, Status.FAILED), False),
        ((Status.SKIPPED,), False),
        ((), False),
    ],
)
def test_passed(states: tuple[Status, ...], passed: bool) -> None:
    assert _report(*states).passed is passed
