"""Every dated table states its source and date, and has a refresher that documents itself."""

import importlib
import json
import re
from pathlib import Path
from types import ModuleType

import click
import pytest
import yaml
from click.testing import CliRunner

from tools.refresh import ROOT, Table

REFRESHERS = sorted(path.stem for path in (ROOT / "tools").glob("refresh_*.py"))
DATA = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("raydock/**/data/*.yaml"), *ROOT.glob("raydock/probe/**/*.json"))
)
_DAY = r"\d{4}-\d\d-\d\d"


def module(name: str) -> ModuleType:
    return importlib.import_module(f"tools.{name}")


def table(name: str) -> Table:
    found = module(name).TABLE
    assert isinstance(found, Table)
    return found


def test_every_data_file_has_one_refresher() -> None:
    assert DATA
    refreshed = [table(name).path for name in REFRESHERS]
    assert len(refreshed) == len(set(refreshed))
    assert set(DATA) <= set(refreshed)


@pytest.mark.parametrize("path", DATA)
def test_every_data_file_states_source_and_date(path: str) -> None:
    text = Path(ROOT, path).read_text(encoding="utf-8")
    content = json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
    for entry in content if isinstance(content, list) else [content]:
        assert entry["source"]
        assert re.fullmatch(_DAY, str(entry.get("date") or entry.get("read") or entry["until"]))


@pytest.mark.parametrize("name", REFRESHERS)
def test_every_mark_of_a_refresher_precedes_a_day(name: str) -> None:
    for mark in table(name).marks:
        assert re.search(re.escape(mark) + _DAY, table(name).read()), mark


@pytest.mark.parametrize("name", REFRESHERS)
def test_every_refresher_documents_itself_with_an_example(name: str) -> None:
    command = module(name).main
    assert isinstance(command, click.Command)
    usage = CliRunner().invoke(command, ["--help"]).output
    assert f"Example: .venv/bin/python -m tools.{name}" in usage
    assert "--check" in usage


def test_only_tables_of_the_probe_are_marked_as_copied_into_images() -> None:
    assert {table(name).path for name in REFRESHERS if table(name).hashed} == {
        path for path in DATA if path.startswith("raydock/probe/")
    }
