"""The commands of a pipeline's jobs: images pushed and pulled between engines, and the registry login."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import docker
import pytest
import yaml

from raydock.core.checkout import Checkout as Paths
from raydock.pipeline.project import Project
from raydock.plan.select import select
from tests.support.builtimages import BuiltImages
from tests.support.engine import SpareEngine
from tests.support.registry import Guard
from tests.support.registry import registry as guarded
from tests.support.toy import NAMES, ROOT, Toy

WORKFLOW = ROOT / ".github" / "workflows" / "images.yml"


IMAGE = "ray2.60.0-py311-cpu"
PASSWORD = "planted-5f3a9c"
# Made with perl, since Python no longer has crypt; the cost is the lowest possible.
_CRYPT = "print crypt($ARGV[0], q($2y$04$abcdefghijklmnopqrstuu))"


def script(job: str, name: str) -> str:
    """Return the shell script of a step of the committed workflow."""
    steps = yaml.safe_load(WORKFLOW.read_text())["jobs"][job]["steps"]
    found: str = next(step["run"] for step in steps if step.get("name") == name)
    return found


def bash(text: str, folder: Path, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a step as GitHub does if its workflow requests bash."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
    return subprocess.run(command, cwd=folder, env=dict(environment), capture_output=True, text=True, check=False)


def test_a_pushed_image_is_the_same_on_the_next_engine(toy: Toy, spare: SpareEngine, registry: str) -> None:
    work = f"{registry}/{toy.token}/work"
    built = toy.run("build", "--json")
    assert built.code == 0, built.summary
    assert toy.run("ci", "push", work).code == 0
    pulled = toy.run("ci", "pull", work, DOCKER_HOST=spare.host)
    assert pulled.code == 0, pulled.summary
    again = toy.run("build", "--json", DOCKER_HOST=spare.host)
    assert {name: entry["fingerprint"] for name, entry in again.variants.items()} == {
        name: entry["fingerprint"] for name, entry in built.variants.items()
    }
    assert not any(entry["built"] for entry in again.variants.values())


def test_only_the_selected_images_are_pushed_and_no_tag_is_left(
    toy: Toy, client: docker.DockerClient, registry: str
) -> None:
    work = f"{registry}/{toy.token}/work"
    assert toy.run("build").code == 0
    pushed = toy.run("ci", "push", work, RAYDOCK_SELECT=f"name={NAMES[0]}")
    assert (pushed.code, pushed.out) == (0, "1 of 1 pushed.\n")
    pulled = toy.run("ci", "pull", work)
    assert pulled.code == 1
    assert f"{work} does not have {NAMES[1]}." in pulled.err
    assert f"does not have {NAMES[0]}" not in pulled.err
    assert not any(tag.startswith(work) for image in client.api.images() for tag in image["RepoTags"] or ())


def test_an_image_that_is_not_built_is_not_pushed(toy: Toy, registry: str) -> None:
    done = toy.run("ci", "push", f"{registry}/{toy.token}/work")
    assert done.code == 1
    assert f"2 variants are not built on this engine: {', '.join(NAMES)}." in done.err


def test_a_plan_for_a_registry_that_does_not_answer_has_all_variants_unless_it_was_named(toy: Toy) -> None:
    toy.edit("matrix.yaml", toy.registry, "localhost:9/raydock")
    done = toy.run("ci", "plan", "--json")
    assert done.code == 0, done.summary
    shards = json.loads(done.out)["shards"]
    assert sorted(variant["name"] for shard in shards for variant in shard["variants"]) == sorted(NAMES)
    assert "localhost:9 cannot be reached" in done.err
    for options in (("--registry", "localhost:9/raydock"), ("--for", "github")):
        assert toy.run("ci", "plan", *options).code == 4


def test_a_registry_that_does_not_answer_is_out_of_reach(client: docker.DockerClient, toy: Toy) -> None:
    assert toy.run("build", "--select", "ray=1.0.0").code == 0
    done = toy.run("ci", "push", "localhost:9/raydock/work", "--select", "ray=1.0.0")
    assert done.code == 4
    assert "localhost:9/raydock/work refuses" in done.err
    assert client.images.list("localhost:9/raydock/work") == []


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of the committed files, with nothing built in it."""
    subprocess.run(["git", "clone", "--quiet", "--no-local", ROOT, tmp_path / "clone"], check=True)
    return tmp_path / "clone"


@pytest.fixture
def job(tmp_path: Path, registry: str) -> dict[str, str]:
    """A job's environment with this checkout's Python packages, since the clone has none."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("RAYDOCK_")}
    return found | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "RAYDOCK_REGISTRY": f"{registry}/{tmp_path.name}",
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_ENV": str(tmp_path / "env"),
        "GROUP": "",
    }


def matrix(job: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    """Return a plan job's outputs for the jobs that need it, and delete them."""
    output = Path(job["GITHUB_OUTPUT"])
    lines = output.read_text().splitlines()
    output.unlink()
    return {name: json.loads(value) for name, _, value in (line.partition("=") for line in lines)}


def test_a_plan_in_a_clean_clone_is_the_matrix_of_jobs_that_build(image: str, clone: Path, job: dict[str, str]) -> None:
    checked = bash(script("plan", "Check that locks and Dockerfiles are up to date"), clone, job)
    assert checked.returncode == 0, checked.stderr
    planned = bash(script("plan", "Plan"), clone, {**job, "RAYDOCK_SELECT": f"name={IMAGE}"})
    assert planned.returncode == 0, planned.stderr
    found = matrix(job)
    assert found == {"shards": [{"name": "1", "select": f"name={IMAGE}", "gpu": ""}], "gpu": []}
    of_shard = {**job, "RAYDOCK_SELECT": found["shards"][0]["select"]}
    done = bash(script("build", "Build and smoke-test"), clone, of_shard)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in (clone / ".raydock" / "reports").iterdir()} == {IMAGE}


def test_a_run_does_not_build_published_images_again(
    toy: Toy, client: docker.DockerClient, base: str, spare: SpareEngine, job: dict[str, str]
) -> None:
    shutil.copy(ROOT / "scan.yaml", toy.root)
    first_engine = {**toy.environment, **job, "RAYDOCK_ROOT": str(toy.root)}
    second_engine = {**first_engine, "DOCKER_HOST": spare.host}

    def run(text: str, environment: Mapping[str, str]) -> None:
        done = bash(text, ROOT, environment)
        assert done.returncode == 0, done.stdout + done.stderr

    run(script("plan", "Plan"), first_engine)
    [shard] = [shard for shard in matrix(job)["shards"] if NAMES[0] in shard["select"]]
    assert shard["select"] == f"name={NAMES[0]}"
    project = Project(Paths(toy.root))
    BuiltImages(client=client, project=project).fill(select(project.plan, names=[NAMES[0]]))
    selected = {"RAYDOCK_SELECT": shard["select"]}
    run(script("build", "Push the images for the next jobs"), first_engine | selected)
    spare.client().images.remove(base, force=True)
    run(script("publish", "Pull the images"), second_engine | selected)
    run(script("publish", "Publish"), second_engine | selected)
    run(script("plan", "Plan"), first_engine)
    assert [shard["select"] for shard in matrix(job)["shards"]] == [f"name={NAMES[1]}"]
    toy.edit("templates/probe.j2", "ADD root.tar /", "ADD  root.tar /")
    run(script("plan", "Plan"), first_engine)
    assert len(matrix(job)["shards"]) == 2


def test_a_group_of_the_matrix_can_be_planned_alone(clone: Path, job: dict[str, str]) -> None:
    done = bash(script("plan", "Plan"), clone, {**job, "GROUP": "nothing; touch stolen"})
    assert done.returncode == 2
    assert "has no group 'nothing; touch stolen'" in done.stderr
    assert not (clone / "stolen").exists()


def test_the_login_writes_the_password_only_to_dockers_configuration(
    clone: Path, job: dict[str, str], tmp_path: Path
) -> None:
    password = subprocess.run(["perl", "-e", _CRYPT, PASSWORD], capture_output=True, text=True, check=True).stdout
    (tmp_path / "htpasswd").write_text(f"ray:{password}\n")
    with guarded(tmp_path, tmp_path / "tools", Guard(htpasswd=tmp_path / "htpasswd")) as guarded_registry:
        secret = {"RAYDOCK_REGISTRY_USER": "ray", "RAYDOCK_REGISTRY_PASSWORD": PASSWORD}
        login = {**job, **secret, "RAYDOCK_REGISTRY": f"{guarded_registry.address}/raydock"}
        done = bash(script("plan", "Log in to the registry"), clone, login)
        refused = bash(script("plan", "Log in to the registry"), clone, {**login, "RAYDOCK_REGISTRY_PASSWORD": "wrong"})
    assert done.returncode == 0, done.stderr
    assert refused.returncode != 0
    assert PASSWORD not in done.stdout + done.stderr
    assert (tmp_path / "env").read_text().splitlines()[0] == f"DOCKER_CONFIG={tmp_path}/docker"
    assert guarded_registry.address in json.loads((tmp_path / "docker" / "config.json").read_text())["auths"]
