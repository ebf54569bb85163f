"""A Dockerfile is checked by the real trivy, with its built-in checks."""

from pathlib import Path

import pytest

from raydock.scan.findings import findings
from raydock.scan.trivy import Trivy, find


def test_a_dockerfile_is_checked_wherever_raydock_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = Trivy(program=find(), folder=Path("trivy"))
    assert runner.version().count(".") == 2
    Path("Dockerfile").write_text("FROM a:1\nUSER root\nHEALTHCHECK NONE\n")
    assert [item.severity for item in findings(runner.dockerfile(Path("Dockerfile")))] == ["high"]
