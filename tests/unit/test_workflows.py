"""The workflows of .github, those that no command prints among them."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_as_github_reads_it(path: Path) -> None:
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", "vendor.github-workflows", str(path)])
    assert done.exit_code == 0, done.output


def test_every_python_that_the_package_names_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())["jobs"]
    assert jobs["python"]["strategy"]["matrix"]["python"] == named
    assert project["requires-python"] == f">={named[0]}"


def test_new_results_of_sets_are_pushed_to_a_branch(tmp_path: Path) -> None:
    """The last step of sets.yml, run by bash in a clone whose remote is a repository of this test."""
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "sets.yml").read_text())["jobs"]["try-sets"]["steps"]
    remote, clone, file = tmp_path / "remote", tmp_path / "clone", "lockfiles/tested-sets.yaml"
    identity = {f"GIT_{role}_{key}": "test" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    environment = {**os.environ, **identity, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}

    def run(*command: str, folder: Path = clone) -> str:
        return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout

    run("git", "init", "--quiet", "--initial-branch=main", str(remote), folder=tmp_path)
    (remote / "lockfiles").mkdir()
    (remote / file).write_text("sets: {}\n")
    run("git", "add", ".", folder=remote)
    run("git", "commit", "--quiet", "--message=first", folder=remote)
    run("git", "clone", "--quiet", str(remote), str(clone), folder=tmp_path)
    run("bash", "-euo", "pipefail", "-c", steps[-1]["run"])
    assert run("git", "branch", "--list", folder=remote) == "* main\n"  # nothing is new
    for text in ("sets: {a: passed}\n", "sets: {b: passed}\n"):
        run("git", "switch", "--quiet", "--force-create", "tested-sets-before", "origin/main")
        run("bash", "-c", "git branch --delete --force tested-sets || true")
        (clone / file).write_text(text)
        run("bash", "-euo", "pipefail", "-c", steps[-1]["run"])
        assert run("git", "show", f"tested-sets:{file}", folder=remote) == text
        assert run("git", "log", "--oneline", "main..tested-sets", folder=remote).count("\n") == 1
    assert "Merge the branch tested-sets" in (tmp_path / "summary.md").read_text()
