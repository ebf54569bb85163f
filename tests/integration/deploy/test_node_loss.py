"""A cluster that loses a node and gets it back, as docs/explanation/node-loss.md describes.

`pytest -m long tests/integration/deploy/test_node_loss.py -s` prints the seconds.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import uv
import yaml

from tests.integration.deploy.conftest import Deploy
from tests.support.raycluster import RayCluster, ray_cluster, until
from tests.support.toy import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.long, pytest.mark.timeout(300)]

NODES = ("head", "worker-1", "worker-2")
# The requirements of `ray[train]` that the image lacks, and their own requirements.
TRAIN = ("pyarrow", "pandas", "tensorboardX", "fsspec", "python-dateutil", "tzdata")
PYTHON = ("env", "PYTHONPATH=/model/site", "python")


def print_seconds(event: str, seconds: float) -> None:
    print(f"seen: {event}: {seconds:.1f} s", file=sys.stderr)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that every node can write to, like an NFS mount on all hosts."""
    folder = tmp_path_factory.mktemp("storage")
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def cluster(deploy: Deploy, storage: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    """Three nodes with the jobs and Ray Train's packages in /model, and /storage."""
    model, folder = tmp_path_factory.mktemp("model"), tmp_path_factory.mktemp("compose")
    model.chmod(0o755)
    shutil.copytree(ROOT / "tests" / "support" / "jobs", model / "jobs")
    command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--target", "site"]
    platform = ["--python-version=3.11", "--python-platform=x86_64-manylinux_2_28", "--compile-bytecode"]
    subprocess.run([*command, *platform, *TRAIN], cwd=model, check=True)
    deploy(folder, "10.0.0.1", "10.0.0.2", "10.0.0.3", model=str(model))
    more = {"services": {name: {"volumes": [f"{storage}:/storage"]} for name in NODES}}
    (folder / "storage.yaml").write_text(yaml.safe_dump(more))
    with ray_cluster(folder / "compose.yaml", folder / "storage.yaml") as found:
        yield found


def address(cluster: RayCluster, service: str) -> str:
    return cluster.run(service, "hostname", "-i").stdout.strip()


def answer(driver: "subprocess.Popen[str]") -> dict[str, Any]:
    """Wait for a job's end and return its JSON object, which is between Ray's own lines."""
    out, err = driver.communicate(timeout=150)
    found = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert len(found) == 1, out + err
    return dict(found[0])


def epochs(storage: Path, run: str) -> list[tuple[float, int]]:
    """Return the end of each worker's epochs in a run: the Unix time and the epoch."""
    log = storage / f"{run}.log"
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return [(float(when), int(epoch)) for when, _, epoch, _ in lines]


def test_work_on_a_node_that_is_killed(cluster: RayCluster, storage: Path) -> None:
    lost = address(cluster, "worker-2")
    with ExitStack() as stack:
        runs = {
            name: stack.enter_context(cluster.started("head", *PYTHON, "/model/jobs/train.py", name, failures, "20"))
            for name, failures in (("policy", "1"), ("none", "0"))
        }
        until(lambda: all(len(epochs(storage, name)) >= 9 or run.poll() is not None for name, run in runs.items()), 90)
        driver = stack.enter_context(cluster.started("head", "python", "/model/jobs/lost.py", lost))
        assert "ready\n" in (driver.stdout or ()), "the driver ended early"
        killed = time.time()
        cluster.compose("kill worker-2")
        print_seconds("the head marks the killed node as dead", cluster.await_alive(2, 90))
        work = answer(driver)
        for task, (outcome, when) in work.items():
            print_seconds(f"{task}: {outcome}", when - killed)
        none, policy = answer(runs["none"]), answer(runs["policy"])
    print_seconds(f"training without a policy ended with {none['ended'].splitlines()[0]}", none["when"] - killed)
    last = max(epoch for when, epoch in epochs(storage, "policy") if when < killed)
    when, first = next((when, epoch) for when, epoch in epochs(storage, "policy") if when > killed + 5)
    print_seconds(f"training with a policy, which had ended epoch {last}, ended epoch {first}", when - killed)

    others = {address(cluster, name) for name in ("head", "worker-1")}
    assert work["task with retries"][0] in others
    assert work["actor with restarts"][0] in others
    assert work["task without"][0] in {"NodeDiedError", "WorkerCrashedError"}
    assert work["actor without"][0] in {"ActorDiedError", "ActorUnavailableError"}
    assert none["ended"].startswith("WorkerGroupError: "), none
    # A worker can be two epochs ahead of the last saved checkpoint.
    assert last - 2 <= first <= last + 2
    assert first > 0
    assert policy["ended"] == "19", policy


def test_a_node_joins_again_when_it_is_started(cluster: RayCluster) -> None:
    began = time.monotonic()
    cluster.compose("up --wait worker-2")
    cluster.await_alive(3, 60)
    print_seconds("a killed worker has joined after its start", time.monotonic() - began)
    assert "DEAD" in {node["state"] for node in cluster.nodes()}


def test_workers_join_a_restarted_head(cluster: RayCluster) -> None:
    before = {node["node_id"] for node in cluster.nodes()}
    began = time.monotonic()
    cluster.compose("restart head")
    until(lambda: bool(cluster.nodes()), 60)
    print_seconds("the head answers again after `restart`", time.monotonic() - began)
    cluster.await_alive(3, 120)
    print_seconds("both workers have joined it", time.monotonic() - began)
    assert not before & {node["node_id"] for node in cluster.nodes()}, "the new head knows nodes of the old one"
