import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from raydock.__main__ import cli
from raydock.ci.pipelines import System
from raydock.cli.ci import ci

ROOT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which no pipeline is committed yet."""
    for name in ("templates", "lockfiles"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "matrix.yaml", tmp_path)
    monkeypatch.setenv("RAYDOCK_ROOT", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["ci", *arguments])


@pytest.mark.parametrize("system", System)
def test_check_accepts_the_printed_pipeline(system: System, root: Path) -> None:
    missing = run(system, "--check")
    assert missing.exit_code == 1
    assert f"Next: `./build.py ci {system} > " in str(missing.exception)
    path = {"github": root / ".github" / "workflows" / "images.yml", "gitlab": root / ".gitlab-ci.yml"}[system]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(run(system).stdout)
    assert run(system, "--check").exit_code == 0
    matrix = root / "matrix.yaml"
    matrix.write_text(matrix.read_text().replace("  train:", "  training:"))
    stale = run(system, "--check")
    assert stale.exit_code == 1
    assert "differs from what templates/ci/ and matrix.yaml render" in str(stale.exception)
    assert '"training"' in run(system).stdout


@pytest.mark.parametrize("command", sorted(ci.commands))
def test_every_command_has_an_example(command: str) -> None:
    done = run(command, "--help")
    assert done.exit_code == 0
    assert f"Example: ./build.py ci {command}" in done.stdout


def test_an_empty_variable_selects_all_and_spaces_separate_selectors(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def names(select: str) -> list[str]:
        monkeypatch.setenv("RAYDOCK_SELECT", select)
        output = CliRunner().invoke(cli, ["plan", "--json"]).stdout
        return [variant["name"] for variant in json.loads(output)["variants"]]

    assert names("name=ray2.60.0-py311-cpu name=ray2.60.0-py313-cpu") == ["ray2.60.0-py311-cpu", "ray2.60.0-py313-cpu"]
    assert len(names("")) > 2
