"""`migrate`: what a project needs after an upgrade."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from raydock.__main__ import cli
from raydock.ci.pipelines import System
from raydock.core.checkout import Checkout
from raydock.init.init import Initializer, ProjectOptions
from raydock.model import sealed
from raydock.pipeline.project import Project
from tests.support.toy import ROOT


def migrations(folder: Path) -> tuple[int, list[dict[str, str]]]:
    done = CliRunner().invoke(cli, ["-C", str(folder), "migrate", "--json"])
    return done.exit_code, json.loads(done.stdout)["migrations"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    Initializer(options=ProjectOptions(python="3.11"), system=System.GITHUB).create(tmp_path)
    return tmp_path


def test_raydocks_own_checkout_needs_nothing() -> None:
    assert migrations(ROOT) == (0, [])


def test_a_project_needs_what_differs(project: Path) -> None:
    [planned] = Project(Checkout(project)).plan.variants
    (project / "matrix.schema.json").write_text("{}")
    (project / ".github" / "workflows" / "images.yml").write_text("jobs: {}")
    code, found = migrations(project)
    assert code == 1
    assert [each["todo"].split()[0].strip("`.") for each in found] == ["cp", "/build.py", "/build.py"]
    assert [each["what"] for each in found] == [
        "matrix.schema.json is of a different version.",
        "1 of 1 locks are missing or stale.",
        ".github/workflows/images.yml differs from what templates/ci/ and matrix.yaml render.",
    ]
    assert planned.name


def test_a_lock_of_raydock_0_1(tmp_path: Path) -> None:
    """It has no cut-off day; its Dockerfile is rendered again."""
    shutil.copy(ROOT / "matrix.yaml", tmp_path)
    shutil.copytree(ROOT / "lockfiles", tmp_path / "lockfiles")
    path = tmp_path / "lockfiles" / "ray2.60.0-py311-cpu.txt"
    header, body = sealed.split(path.read_text()) or ({}, "")
    del header["cutoff"]
    path.write_text(sealed.compose(header, body))
    code, found = migrations(tmp_path)
    assert code == 1
    assert [each["what"] for each in found] == [
        "1 lock without a cut-off day: stale as soon as `cutoff` in matrix.yaml changes.",
        "23 Dockerfiles to render again.",
    ]
    assert "rm lockfiles/ray2.60.0-py311-cpu.txt" in found[0]["todo"]


def test_a_key_that_matrix_yaml_no_longer_has(project: Path) -> None:
    with (project / "matrix.yaml").open("a") as file:
        file.write("flavours: {}\n")
    code, [found] = migrations(project)
    assert code == 1
    assert "matrix.yaml:" in found["what"]
    assert "flavours" in found["what"]
