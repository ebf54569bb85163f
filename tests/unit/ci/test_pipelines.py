"""The committed pipelines: up to date, valid and safe."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from raydock.__main__ import cli
from raydock.ci.pipelines import System, find_difference, render_child, render_pipeline
from raydock.ci.plan import Load, plan_shards
from raydock.core.checkout import Checkout
from raydock.model import lock as locks
from raydock.model.matrix import Matrix
from raydock.model.variant import Axis
from raydock.plan.planner import Plan

ROOT = Path(__file__).parents[3]
CHECKOUT = Checkout(ROOT)
BIN = Path(sys.executable).parent
KINDS = ("github", "gitlab", "gitlab-shards")


@pytest.fixture(scope="module")
def texts(plan: Plan) -> dict[str, str]:
    """Every pipeline: GitHub's, GitLab's, and the child pipeline that builds everything."""
    loads = [Load.of(planned.variant, locks.load(CHECKOUT.lock(planned.name))) for planned in plan.variants]
    ci_plan = plan_shards({load.name: "0" * 64 for load in loads}, {}, loads, 4)
    return {
        "github": render_pipeline(System.GITHUB, CHECKOUT, plan),
        "gitlab": render_pipeline(System.GITLAB, CHECKOUT, plan),
        "gitlab-shards": render_child(CHECKOUT, plan, ci_plan),
    }


def scripts(text: str) -> Iterator[str]:
    """Every script of a pipeline's jobs, step by step."""
    document = yaml.safe_load(text)
    for name, job in document.get("jobs", document).items():
        if "jobs" in document:
            yield from (step["run"] for step in job["steps"] if "run" in step)
        elif isinstance(job, dict) and name not in {"workflow", "variables"}:
            yield from job.get("script", [])
            yield from job.get("after_script", [])


def commands(text: str) -> list[list[str]]:
    """The arguments of `./build.py` in every line that runs it, with each variable as one argument."""
    lines = [line for script in scripts(text) for line in script.splitlines() if line.startswith("./build.py ")]
    plain = [re.sub(r"\$\{\w+:\+(.*?)\}", r"\1", line).split(" >")[0] for line in lines]
    return [shlex.split(line)[1:] for line in plain]


def parse(command: click.Command, arguments: list[str]) -> None:
    """Parse arguments as the command line does, without running the command. Raises click.UsageError."""
    context = click.Context(command)
    if not isinstance(command, click.Group):
        command.parse_args(context, arguments)
        return
    _, subcommand, rest = command.resolve_command(context, arguments)
    assert subcommand is not None
    parse(subcommand, rest)


def jobs(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(text)["jobs"]
    return parsed


@pytest.mark.parametrize("system", System)
def test_the_committed_pipeline_is_up_to_date(system: System, plan: Plan) -> None:
    assert find_difference(system, CHECKOUT, plan) == ""


@pytest.mark.parametrize(
    ("kind", "schema"),
    [("github", "github-workflows"), ("gitlab", "gitlab-ci"), ("gitlab-shards", "gitlab-ci")],
)
def test_the_published_schema_accepts_it(kind: str, schema: str, texts: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yml"
    file.write_text(texts[kind])
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", f"vendor.{schema}", str(file)])
    assert done.exit_code == 0, done.output


def test_the_published_schema_refuses_an_invalid_pipeline(texts: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yml"
    file.write_text(texts["github"].replace("runs-on:", "runs-at:"))
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", "vendor.github-workflows", str(file)])
    assert (done.exit_code, "runs-at" in done.output) == (1, True), done.output


@pytest.mark.parametrize("kind", KINDS)
def test_shellcheck_finds_nothing_in_its_scripts(kind: str, texts: dict[str, str]) -> None:
    for script in scripts(texts[kind]):
        done = subprocess.run(
            [BIN / "shellcheck", "--shell=bash", "-"], input=script, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}"


@pytest.mark.parametrize("kind", KINDS)
def test_no_script_contains_a_value_of_the_pipeline(kind: str, texts: dict[str, str]) -> None:
    assert not any("${{" in script for script in scripts(texts[kind]))
    assert not any("name=" in script for script in scripts(texts[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_every_command_that_it_runs_exists(kind: str, texts: dict[str, str]) -> None:
    command_lines = commands(texts[kind])
    assert command_lines
    for arguments in command_lines:
        parse(cli, arguments)


def test_both_systems_run_the_same_commands(texts: dict[str, str]) -> None:
    def without_plan(kind: str) -> set[tuple[str, ...]]:
        return {tuple(arguments) for arguments in commands(texts[kind]) if arguments[:2] != ["ci", "plan"]}

    github, gitlab = without_plan("github"), without_plan("gitlab") | without_plan("gitlab-shards")
    assert github == gitlab
    assert ("smoke", "--gpu", "require") in github


def test_github_plans_first_and_publishes_last(texts: dict[str, str]) -> None:
    all_jobs = jobs(texts["github"])
    assert "needs" not in all_jobs["plan"]
    assert all_jobs["build"]["needs"] == "plan"
    assert set(all_jobs["publish"]["needs"]) == set(all_jobs) - {"publish"}
    assert "./build.py publish" in all_jobs["publish"]["steps"][-1]["run"]


def test_github_takes_its_jobs_from_the_plan(texts: dict[str, str]) -> None:
    all_jobs = jobs(texts["github"])
    matrices = {name: job["strategy"]["matrix"]["include"] for name, job in all_jobs.items() if name != "plan"}
    assert matrices == {
        "build": "${{ fromJSON(needs.plan.outputs.shards) }}",
        "gpu": "${{ fromJSON(needs.plan.outputs.gpu) }}",
        "publish": "${{ fromJSON(needs.plan.outputs.shards) }}",
    }
    assert "--for github" in next(step["run"] for step in all_jobs["plan"]["steps"] if step.get("id") == "plan")


def test_a_failed_shard_does_not_stop_the_others_and_one_publishes_at_a_time(texts: dict[str, str]) -> None:
    all_jobs = jobs(texts["github"])
    assert all(all_jobs[name]["strategy"]["fail-fast"] is False for name in ("build", "gpu", "publish"))
    assert all_jobs["publish"]["strategy"]["max-parallel"] == 1
    assert yaml.safe_load(texts["github"])["concurrency"]["cancel-in-progress"] is False
    shards = yaml.safe_load(texts["gitlab-shards"])
    groups = {job["resource_group"] for name, job in shards.items() if name.startswith("publish-")}
    assert groups == {"raydock-publish"}


def test_gpu_jobs_select_runners_by_label(texts: dict[str, str]) -> None:
    assert jobs(texts["github"])["gpu"]["runs-on"] == ["self-hosted", "gpu"]
    shards = yaml.safe_load(texts["gitlab-shards"])
    assert {tuple(job["tags"]) for name, job in shards.items() if name.startswith("gpu-")} == {("gpu",)}


def test_it_has_only_read_permission(texts: dict[str, str]) -> None:
    document = yaml.safe_load(texts["github"])
    assert document["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in document["jobs"].values())
    assert "pull_request" not in texts["github"]  # code of unknown authors would run on the runners


def test_only_the_login_gets_secrets(texts: dict[str, str]) -> None:
    for job in jobs(texts["github"]).values():
        holders = [step for step in job["steps"] if "secrets." in json.dumps(step)]
        assert {step["name"] for step in holders} <= {"Log in to the registry"}
    for kind in KINDS[1:]:
        holders = [script for script in scripts(texts[kind]) if "PASSWORD" in script]
        assert all("--password-stdin" in script and "build.py" not in script for script in holders)


def test_each_downloaded_artifact_is_uploaded_by_an_earlier_job(texts: dict[str, str]) -> None:
    uploaded, downloaded = (
        [
            step["with"]["name"].removesuffix("-${{ matrix.name }}")
            for job in jobs(texts["github"]).values()
            for step in job["steps"]
            if step.get("uses", "").startswith(f"actions/{verb}-artifact")
        ]
        for verb in ("upload", "download")
    )
    assert uploaded == ["built", "tested"]
    assert downloaded == ["built", f"${{{{ matrix.gpu && {uploaded[1]!r} || {uploaded[0]!r} }}}}"]


def test_gitlab_jobs_remove_their_logins(texts: dict[str, str]) -> None:
    for kind in KINDS[1:]:
        for job in yaml.safe_load(texts[kind]).values():
            steps = job.get("script", []) if isinstance(job, dict) else []
            folders = [step.partition("$CI_PROJECT_DIR/")[2].rstrip('"') for step in steps if "DOCKER_CONFIG=" in step]
            assert [f"rm -rf {folder}" for folder in folders] == (job.get("after_script", []) if folders else [])


def test_only_githubs_own_actions_are_used(texts: dict[str, str]) -> None:
    used = {step["uses"] for job in jobs(texts["github"]).values() for step in job["steps"] if "uses" in step}
    assert used == {"actions/checkout@v5", "actions/upload-artifact@v6", "actions/download-artifact@v7"}


def test_the_groups_to_choose_are_those_of_the_matrix(texts: dict[str, str], matrix: Matrix) -> None:
    options = ["everything", *matrix.group_names]
    assert options == re.findall(r'"([\w-]+)"', re.search(r"options: \[(.*?)\]", texts["github"])[1])  # type: ignore[index]
    assert yaml.safe_load(texts["gitlab"])["variables"]["GROUP"]["options"] == options


def test_a_matrix_without_cuda_has_no_gpu_job(plan: Plan) -> None:
    cpu = replace(plan, variants=tuple(planned for planned in plan.variants if not planned.variant.gpu))
    all_jobs = jobs(render_pipeline(System.GITHUB, CHECKOUT, cpu))
    assert "gpu" not in all_jobs
    assert all_jobs["publish"]["needs"] == ["plan", "build"]


def test_only_a_matrix_that_bootstraps_needs_mmdebstrap(plan: Plan, texts: dict[str, str]) -> None:
    bases = tuple(replace(base, source="pull") for base in plan.matrix.bases)
    pulled = replace(plan, matrix=replace(plan.matrix, bases=bases))
    assert "mmdebstrap" in texts["github"]
    assert "mmdebstrap" not in render_pipeline(System.GITHUB, CHECKOUT, pulled)


def test_gitlab_shards_run_in_order_and_publish_with_the_last_reports(texts: dict[str, str]) -> None:
    shards = yaml.safe_load(texts["gitlab-shards"])
    assert shards["gpu-1"]["needs"] == ["build-1"]
    assert shards["publish-1"]["needs"] == [{"job": "build-1", "artifacts": False}, "gpu-1"]


def test_a_child_pipeline_with_nothing_to_build_still_has_a_job(plan: Plan) -> None:
    document = yaml.safe_load(render_child(CHECKOUT, plan, plan_shards({}, {}, [], 4)))
    assert set(document) == {"stages", "nothing-to-build"}


def test_an_axis_value_cannot_end_a_string_of_the_pipeline(matrix: Matrix) -> None:
    """Selections contain no character that is special in a shell or in YAML."""
    values = [value for axis in Axis for value in matrix.values(axis)]
    assert all(re.fullmatch(r"[A-Za-z0-9._+-]+", word) for word in (*values, *matrix.group_names))
