"""Files for the hosting site and for releases: forms, workflows, and the sections of CHANGELOG.md."""

import os
import re
import subprocess
from datetime import date
from pathlib import Path

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner
from packaging.version import Version

from raydock import __version__

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
SECTIONS = re.findall(r"(?m)^## (.+)$", (ROOT / "CHANGELOG.md").read_text())
RELEASED = [section for section in SECTIONS if section != "Unreleased"]


@pytest.mark.parametrize("name", ["bug", "compatibility"])
def test_issue_forms_are_valid(name: str) -> None:
    validate("vendor.github-issue-forms", GITHUB / "ISSUE_TEMPLATE" / f"{name}.yml")


@pytest.mark.parametrize("name", ["test", "release"])
def test_workflows_are_valid(name: str) -> None:
    validate("vendor.github-workflows", GITHUB / "workflows" / f"{name}.yml")


def validate(schema: str, file: Path) -> None:
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, str(file)])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("name", ["group", "args"])
def test_make_refuses_a_variable_that_it_would_ignore(name: str) -> None:
    # `make test`, which runs this, passes its own settings on.
    environment = {key: value for key, value in os.environ.items() if key not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}

    def images(assignment: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "-n", "images", assignment]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    refused = images(f"{name}=serve")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"write {name.upper()}=..., not {name}=...: the names of variables are case-sensitive" in refused.stderr
    accepted = images(f"{name.upper()}=serve")
    assert accepted.returncode == 0
    assert "serve" in accepted.stdout


def test_the_test_workflow_runs_the_ci_script() -> None:
    steps = yaml.safe_load((GITHUB / "workflows" / "test.yml").read_text())["jobs"]["test"]["steps"]
    assert ".ci/run" in [step.get("run") for step in steps]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


@pytest.mark.parametrize("name", ["LICENSE", "CONTRIBUTING.md", "SECURITY.md", ".github/pull_request_template.md"])
def test_files_for_contributors_exist(name: str) -> None:
    assert (ROOT / name).read_text().strip()


def test_changelog_has_a_dated_section_for_each_release_newest_first() -> None:
    matches = [re.fullmatch(r"(\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)", section) for section in RELEASED]
    assert all(matches), RELEASED
    versions = [Version(match[1]) for match in matches if match]
    days = [date.fromisoformat(match[2]) for match in matches if match]
    assert versions == sorted(versions, reverse=True)
    assert days == sorted(days, reverse=True)
    assert Version(__version__) in versions
    assert [*(["Unreleased"] if len(SECTIONS) > len(RELEASED) else []), *RELEASED] == SECTIONS


def test_changelog_groups_each_release_in_the_form_of_keep_a_changelog() -> None:
    known = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
    for section in re.split(r"(?m)^## ", (ROOT / "CHANGELOG.md").read_text())[1:]:
        groups = re.findall(r"(?m)^### (.+)$", section)
        assert groups == [group for group in known if group in groups], section.splitlines()[0]


@pytest.mark.parametrize("section", RELEASED)
def test_a_tag_gets_its_own_section_as_notes(section: str, tmp_path: Path) -> None:
    version = section.partition(" ")[0]
    written = notes(f"v{version}", tmp_path)
    text = (ROOT / "CHANGELOG.md").read_text()
    assert written.strip() == text.partition(f"## {section}\n")[2].partition("\n## ")[0].strip()
    assert "### Added" in written


def test_a_tag_without_a_section_stops_the_release(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        notes(f"v{__version__}0", tmp_path)


def notes(tag: str, folder: Path) -> str:
    """Return the notes that the release workflow writes for a tag. Raises CalledProcessError if they are empty."""
    steps = yaml.safe_load((GITHUB / "workflows" / "release.yml").read_text())["jobs"]["release"]["steps"]
    (script,) = (step["run"] for step in steps if step.get("name") == "Release")
    (folder / "CHANGELOG.md").write_text((ROOT / "CHANGELOG.md").read_text())
    commands = script.partition("gh release create")[0]
    subprocess.run(
        ["bash", "-eo", "pipefail", "-c", commands],
        env={"VERSION": tag, "PATH": "/usr/bin:/bin"},
        cwd=folder,
        check=True,
    )
    return (folder / "notes.md").read_text()
