"""`init` without a network: the files of a new project, and what is in a folder already."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from raydock.__main__ import cli
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError, SelectionError
from raydock.model.variant import Axis
from raydock.pipeline.project import Project

FILES = [".gitignore", "Makefile", "lockfiles/facts.json", "matrix.schema.json", "matrix.yaml"]


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:1/simple")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["init", *arguments])


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_project_for_the_cpu(tmp_path: Path) -> None:
    folder = tmp_path / "My Images"
    done = run(str(folder))
    assert done.exit_code == 0, done.output
    assert files(folder) == FILES
    project = Project(Checkout(folder))
    assert [planned.variant.cuda for planned in project.plan.variants] == ["cpu", "cpu"]
    assert project.matrix.registry == "localhost:5000/my-images"
    assert project.matrix.values(Axis.PYTHON) == ("3.11", "3.13")
    assert f"-C '{folder}' images` builds and tests them." in done.stdout


def test_a_project_for_a_host(tmp_path: Path) -> None:
    """The newest vllm is for CUDA 13, which this driver does not run."""
    done = run(str(tmp_path), "--driver", "535.104.05", "--gpu", "8.0", "--need", "vllm", "--json")
    assert done.exit_code == 0, done.output
    [name] = json.loads(done.stdout)["variants"]
    [planned] = Project(Checkout(tmp_path)).plan.variants
    assert planned.name == name
    assert planned.variant.vllm != "none"
    assert tuple(map(int, planned.min_driver.split("."))) <= (535, 104, 5)
    assert 80 in planned.sm


@pytest.mark.parametrize(("system", "path"), [("github", ".github/workflows/images.yml"), ("gitlab", ".gitlab-ci.yml")])
def test_a_pipeline_installs_raydock_and_is_up_to_date(tmp_path: Path, system: str, path: str) -> None:
    assert run(str(tmp_path), "--ci", system).exit_code == 0
    assert files(tmp_path) == sorted([*FILES, "requirements.txt", path])
    text = (tmp_path / path).read_text()
    assert "pip install --quiet --requirement requirements.txt" in text
    assert "build.py" not in text
    assert "scripts/" not in text
    assert CliRunner().invoke(cli, ["-C", str(tmp_path), "ci", system, "--check"]).exit_code == 0


def test_files_that_exist_are_kept(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("all:\n")
    document = json.loads(run(str(tmp_path), "--json").stdout)
    assert document["kept"] == ["Makefile"]
    assert document["written"] == [name for name in FILES if name != "Makefile"]
    assert (tmp_path / "Makefile").read_text() == "all:\n"


def test_a_project_is_not_changed(tmp_path: Path) -> None:
    run(str(tmp_path))
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    done = run(str(tmp_path))
    assert isinstance(done.exception, ConfigurationError)
    assert "matrix.yaml exists: 2 variants in the groups all. Nothing was changed." in str(done.exception)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before


def test_options_that_nothing_satisfies_leave_no_file(tmp_path: Path) -> None:
    done = run(str(tmp_path / "new"), "--driver", "390.10", "--gpu", "3.0", "--need", "vllm")
    assert isinstance(done.exception, SelectionError)
    done = run(str(tmp_path / "new"), "--need", "tensorflow")
    assert isinstance(done.exception, ConfigurationError)
    assert not (tmp_path / "new").exists()


def test_the_nearest_project_above_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAYDOCK_ROOT", raising=False)
    run(str(tmp_path), "--python", "3.13")
    below = tmp_path / "deep" / "below"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    done = CliRunner().invoke(cli, ["plan", "-o", "name"])
    assert [line.split("-")[1] for line in done.stdout.splitlines()] == ["py313"]


def test_the_option_for_the_folder(tmp_path: Path) -> None:
    run(str(tmp_path), "--python", "3.11")
    done = CliRunner().invoke(cli, ["-C", str(tmp_path), "plan", "-o", "name"])
    assert [line.split("-")[1] for line in done.stdout.splitlines()] == ["py311"]
    done = CliRunner().invoke(cli, ["-C", str(tmp_path / "none"), "plan"])
    assert done.exit_code == 2
