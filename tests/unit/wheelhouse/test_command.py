"""The command `wheelhouse check`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from raydock.__main__ import cli
from raydock.core.errors import ConfigurationError, OutOfReachError
from tests.support.index import Site, serving
from tests.unit.wheelhouse.conftest import MakeFolder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["wheelhouse", "check", *map(str, arguments)])


def test_the_notes_folder_as_text(notes: Path) -> None:
    done = run(notes)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert "for Python 3.10 (15 of the 15 wheels made for one Python), glibc 2.36, CUDA 12.1" in lines[0]
    assert lines[1] == "19 problems found."
    assert "drop 6 files" in lines
    assert "  transformers>=4.37.0,<4.40" in lines
    assert "--write-lock" in lines[-1]


def test_the_notes_folder_as_json(notes: Path) -> None:
    document = json.loads(run(notes, "--json", "--glibc", "2.35").stdout)
    assert (document["schema"], document["python"], document["glibc"], document["cuda"]) == (1, "3.10", "2.35", "12.1")
    assert len(document["findings"]) == 19
    assert document["findings"][0]["kind"] == "partial-download"
    assert {"filename", "why"} == set(document["drop"][0])
    assert {"project": "numpy", "versions": "<2", "filename": "", "size": None} in document["fetch"]
    assert (document["lock"], document["cutoff"]) == (None, None)


def test_a_folder_for_a_different_python(notes: Path) -> None:
    document = json.loads(run(notes, "--json", "--python", "3.11").stdout)
    misfits = [finding["what"] for finding in document["findings"] if finding["kind"] == "other-platform"]
    assert "vllm 0.3.0 is for cp310-cp310, not Python 3.11" in misfits
    assert len(misfits) == 15


def test_a_correct_folder_and_its_lock(
    make_folder: MakeFolder, tmp_path: Path, own_caches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site()
    folder = make_folder({"app-1-py3-none-any": ()}, requires_python=">=3.10").folder.path
    site.add("app", "app-1-py3-none-any.whl", (folder / "app-1-py3-none-any.whl").read_bytes())
    with serving(site) as address:
        monkeypatch.setenv("UV_DEFAULT_INDEX", address)
        done = run(folder, "--python", "3.11", "--write-lock", tmp_path / "wheels.txt")
    assert done.exit_code == 0
    assert "No problems found." in done.stdout
    assert "none newer than 2026-11-04" in done.stdout
    assert "app==1 \\\n    --hash=sha256:" in (tmp_path / "wheels.txt").read_text()


def test_without_an_index_the_findings_are_still_reported(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple/")
    done = run(notes, "--write-lock", tmp_path / "wheels.txt")
    assert isinstance(done.exception, OutOfReachError)
    assert "drop 6 files" in done.stdout
    assert not (tmp_path / "wheels.txt").exists()


@pytest.mark.parametrize(
    "option", [("--python", "3"), ("--glibc", "new"), ("--cutoff", "soon"), ("--cutoff", "2025-09-15")]
)
def test_invalid_options_are_refused(notes: Path, option: tuple[str, str]) -> None:
    assert run(notes, *option).exit_code == 2


def test_a_missing_folder(tmp_path: Path) -> None:
    done = run(tmp_path / "nothing")
    assert isinstance(done.exception, ConfigurationError)
    assert done.exception.exit_code == 2
