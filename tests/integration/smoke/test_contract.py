"""KubeRay's contract on real images, which keep it or break clauses."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from msgspec.structs import replace

from raydock.contract import image_set
from raydock.contract.bench import ClauseTimeouts
from raydock.contract.catalogue import names
from raydock.contract.kuberay import known
from raydock.contract.run import contract
from raydock.engine.cleanup import RUN, RUN_LABEL, sweep
from raydock.engine.localimage import inspect
from raydock.model.report import Check, Status
from tests.support.engine import SpareEngine
from tests.support.toy import Checkout
from tests.support.wheels import wheel

pytestmark = pytest.mark.engine

Derive = Callable[..., str]
ROOT = Path(__file__).parents[3]
NEWEST = replace(known(), releases=known().releases[-1:])
SHORT_TIMEOUTS = ClauseTimeouts(start=60, answer=8, job=8)


def _left(client: docker.DockerClient, run: str = RUN) -> list[str]:
    """The containers and networks of a run."""
    labels = [f"{RUN_LABEL}={run}"]
    found = client.api.containers(all=True, filters={"label": labels}) + client.api.networks(filters={"label": labels})
    return [item["Id"] for item in found]


def _check(
    client: docker.DockerClient,
    image: str,
    *clauses: int,
    newest: bool = True,
    timeouts: ClauseTimeouts = SHORT_TIMEOUTS,
) -> dict[int, Check]:
    kuberay = NEWEST if newest else known()
    found = contract(
        client, image, name="foreign:1", fingerprint="", clauses=clauses, kuberay=kuberay, timeouts=timeouts
    )
    assert _left(client) == []
    return {int(check.id.partition("-")[0]): check for check in found.checks}


def _broken(check: Check) -> str:
    assert check.status is Status.FAILED, check
    return check.detail


def test_our_image_keeps_the_contract(checkout: Checkout, client: docker.DockerClient, image: str) -> None:
    name = inspect(client, image).labels.values["org.opencontainers.image.version"]
    done = checkout.run("smoke", "--contract", "--select", f"name={name}", "--json")
    assert done.code == 0, done.summary
    checks = done.variants[name]["checks"]
    assert [check["id"] for check in checks] == list(names().values())
    [gpu] = [check for check in checks if check["status"] != "passed"]
    assert (gpu["id"], gpu["status"], gpu["detail"]) == ("17-gpu", "skipped", "the image is for CPU")
    details = {check["id"]: check["detail"] for check in checks}
    assert details["21-derived"] == f"against {name}: nothing changed"
    assert details["22-token"] == "requests without the token are refused"
    saved = json.loads((checkout.root / ".raydock" / "reports" / name / "contract.json").read_text())
    assert (saved["image_id"], saved["checks"]) == (inspect(client, image).id, checks)


def test_without_wget_the_probe_clauses_fail(client: docker.DockerClient, derive: Derive) -> None:
    found = _check(client, derive("RUN rm /usr/bin/wget"), 2, 4, 5)
    assert _broken(found[2]).startswith(
        "not on PATH: wget: KubeRay's liveness and readiness probes fail, and the kubelet"
    )
    assert "wget: command not found" in _broken(found[4])
    assert found[5].status is Status.PASSED


def test_ray_without_extras_fails_the_probe_clauses(client: docker.DockerClient, derive: Derive) -> None:
    bare = derive("RUN python -m pip uninstall -q -y aiohttp aiohttp-cors starlette fastapi uvicorn")
    found = _check(client, bare, 3, 4, 5, 7, 8, 9)
    assert found[3].status is Status.PASSED, found[3].detail
    assert found[7].status is Status.PASSED, found[7].detail
    for clause in (4, 5):
        assert "the pod is never ready, and the kubelet restarts it every 10 minutes" in _broken(found[clause])
    assert "KubeRay never sees a RayService's applications run" in _broken(found[9])
    assert "RayJob goes to Failed" in _broken(found[8])


def test_a_login_shell_that_resets_path_fails(client: docker.DockerClient, derive: Derive) -> None:
    lost = derive("RUN echo PATH=/usr/bin:/bin > /etc/profile.d/zz.sh")
    found = _check(client, lost, 1, 3, 9, newest=False)
    assert "`bash -lc -- 'command -v ray python && ray --version'` ended with" in _broken(found[1])
    assert (
        "a login shell sets PATH again; KubeRay v1.3.0 starts Ray with this shell, so its head ends" in found[1].detail
    )
    assert "v1.3.0: `/bin/bash -lc --` does not start a head" in _broken(found[3])
    assert "ray: command not found" in found[3].detail
    assert "v1.7.0: the head starts" in found[3].detail
    assert found[9].status is Status.SKIPPED
    assert found[9].detail.startswith("v1.3.0: needs a head, which does not start (clause 3); v1.7.0: ")


def test_root_and_a_home_of_one_user_fail(client: docker.DockerClient, derive: Derive) -> None:
    mine = derive(
        "RUN chmod 755 /home/ray", "ENV RAY_ADDRESS=10.0.0.1:6379", "LABEL io.ray.ray-version=1.0.0", user="0"
    )
    found = _check(client, mine, 11, 12, 13, 16)
    assert "the kubelet refuses a pod with runAsNonRoot" in _broken(found[11])
    assert "user 1000710000:0 cannot write HOME (touch: cannot touch '/home/ray/.raydock'" in _broken(found[12])
    assert "the label io.ray.ray-version says Ray 1.0.0" in _broken(found[13])
    assert "RAY_ADDRESS is set by the image" in _broken(found[16])


def test_an_image_without_versions_is_skipped(client: docker.DockerClient, derive: Derive) -> None:
    unlabelled = derive('LABEL io.ray.ray-version="" raydock.python=""')
    found = _check(client, unlabelled, 13)
    assert found[13].status is Status.SKIPPED
    assert "neither the tag nor a label names versions" in found[13].detail


def test_tags_of_equal_ray_and_python_join_each_other(client: docker.DockerClient, image: str, derive: Derive) -> None:
    other = derive("LABEL raydock.test=other")
    images = {"ray2.60.0-py311-cpu": image, "ray2.60.0-torch2.13.0-py311-cu130": other}
    found = image_set.check_set(client, images)
    assert [check.status for check in found.checks] == [Status.PASSED, Status.PASSED], found.checks
    assert "its head is joined by ray2.60.0-torch2.13.0-py311-cu130" in found.checks[1].detail


def test_a_tag_of_a_different_ray_is_refused_by_a_head(client: docker.DockerClient, image: str, derive: Derive) -> None:
    edit = "sed -i 's/^version = .*/version = \"2.60.1\"/' _version.py && rm __pycache__/_version.*"
    other = derive(f"RUN cd /opt/venv/lib/python3.11/site-packages/ray && {edit}", "LABEL raydock.python=3.11.9")
    found = image_set.check_set(client, {"ray2.60.0-py311-cpu": image, "ray2.60.0-torch2.13.0-py311-cu130": other})
    assert "Python is 3.11.2 in ray2.60.0-py311-cpu, 3.11.9 in ray2.60.0-torch2.13.0" in _broken(found.checks[0])
    assert "a worker does not join: it has ended" in _broken(found.checks[1])
    assert not found.passed
    assert _left(client) == []


# A run whose heads never answer, on the engine with this address.
_SLEEPER = """
import sys, docker
from msgspec.structs import replace
from raydock.engine import cleanup
from raydock.contract import run
from raydock.contract.kuberay import known
releases = tuple(replace(release, head="sleep 600") for release in known().releases)
print(cleanup.RUN, flush=True)
client = docker.DockerClient(base_url=sys.argv[1], timeout=30)
run.contract(client, sys.argv[2], name="sleeper", fingerprint="", kuberay=replace(known(), releases=releases))
"""


def _sleeping(client: docker.DockerClient, host: str, image: str) -> "tuple[subprocess.Popen[str], str]":
    """Start a run in a new process, and wait for its two heads.

    Returns the process and the name of the run. The heads never answer.
    """
    command = [sys.executable, "-c", _SLEEPER, host, image]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    run = process.stdout.readline().strip()
    deadline = time.monotonic() + 30
    while len(client.api.containers(filters={"label": f"{RUN_LABEL}={run}"})) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no containers were started"
        time.sleep(0.1)
    return process, run


def _host() -> str:
    return os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")


def test_ctrl_c_leaves_nothing(client: docker.DockerClient, base: str) -> None:
    process, run = _sleeping(client, _host(), base)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in err
    assert _left(client, run) == []


def test_the_next_run_removes_the_rest_of_a_killed_run(client: docker.DockerClient, base: str) -> None:
    process, run = _sleeping(client, _host(), base)
    sweep(client)
    assert len(_left(client, run)) == 3, "a run in progress was removed"
    process.kill()
    process.communicate(timeout=60)
    sweep(client)
    assert _left(client, run) == []


def test_the_next_run_removes_the_rest_of_a_run_whose_engine_died(spare: SpareEngine, base: str) -> None:
    client = spare.client()
    process, run = _sleeping(client, spare.host, base)
    spare.kill()
    _, err = process.communicate(timeout=60)
    assert "OutOfReachError" in err
    spare.start()
    client = spare.client()
    assert _left(client, run)
    sweep(client)
    assert _left(client, run) == []
    assert client.volumes.list() == []


# The example of the how-to page with more common instructions; the folder has the wheel of the page.
_PAGE = ROOT / "docs" / "how-to" / "derived-images.md"
_AND = "RUN useradd --create-home app && useradd user && PIP_CONSTRAINT= pip uninstall -q -y pip\n"


@pytest.fixture(scope="module")
def derived(client: docker.DockerClient, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's Dockerfile, built on our image."""
    [example] = re.findall(r"```dockerfile\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    folder = tmp_path_factory.mktemp("derived")
    (folder / "wheels").mkdir()
    (folder / "wheels" / "our_application-1.0-py3-none-any.whl").write_bytes(wheel("our_application", "1.0"))
    dockerfile = re.sub("^FROM .*", f"FROM {image}", example).replace("USER 1000", f"{_AND}USER 1000")
    (folder / "Dockerfile").write_text(dockerfile)
    tag = f"raydock-derived:{folder.name}"
    command = ["docker", "build", "--network=none", f"--tag={tag}", str(folder)]
    subprocess.run(command, check=True, timeout=120)
    yield tag
    client.images.remove(tag, force=True)


def test_a_derived_image_reports_what_changed(client: docker.DockerClient, derived: str) -> None:
    [check] = _check(client, derived, 21).values()
    assert check.status is Status.PASSED, check
    name = inspect(client, derived).labels.values["org.opencontainers.image.version"]
    assert check.detail.startswith(
        f"against {name}: added our-application 1.0; removed pip; 4 instructions: USER root; "
    )
    assert "useradd user" in check.detail


def test_a_derived_image_that_moves_ray_or_closes_home_fails(client: docker.DockerClient, derive: Derive) -> None:
    metadata = "/opt/venv/lib/python3.11/site-packages/ray-*.dist-info/METADATA"
    moved = derive(f"RUN sed -i 's/^Version: .*/Version: 9.0/' {metadata}", "RUN mkdir -p /home/ray/.cache/flashinfer")
    assert re.match(r"ray \S+ by 9.0 must not change|ray must not change", _broken(_check(client, moved, 21)[21]))
    closed = derive("RUN mkdir -p /home/ray/.cache/flashinfer")
    assert "user 1000 cannot write /home/ray/.cache, /home/ray/.cache/flashinfer" in _broken(
        _check(client, closed, 21)[21]
    )


@pytest.mark.parametrize("tool", ["pip", "uv pip"])
def test_pip_and_uv_in_an_image_do_not_replace_ray(image: str, tmp_path: Path, tool: str) -> None:
    (tmp_path / "ray-9-py3-none-any.whl").write_bytes(wheel("ray", "9"))
    docker_run = ["docker", "run", "--rm", "--network=none", "--user=0", f"--volume={tmp_path}:/wheels:ro"]
    install = [*tool.split(), "install", "--dry-run", "--no-index", "--find-links=/wheels", "ray==9"]
    done = subprocess.run([*docker_run, image, *install], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode, done.stdout
    assert re.search(r"ray===?2\.60\.0", done.stdout + done.stderr), done.stderr
    override = ["--env=PIP_CONSTRAINT=", "--env=UV_CONSTRAINT="]
    subprocess.run([*docker_run, *override, image, *install], capture_output=True, timeout=120, check=True)


def test_runtime_env_without_the_layers_copies_the_environment(client: docker.DockerClient, derive: Derive) -> None:
    found = _check(client, derive("ENV RAY_RUNTIME_ENV_PLUGINS="), 18, timeouts=ClauseTimeouts())
    assert "Ray copies the image's virtual environment on each node" in _broken(found[18])
