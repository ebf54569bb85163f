"""The cluster that compose.yaml starts on one machine."""

import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.integration.deploy.conftest import Deploy
from tests.support.raycluster import RayCluster, ray_cluster, until
from tests.support.toy import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

# Measured: 12 s on two idle cores.
UP_WITHIN = 40.0


@pytest.fixture(scope="module")
def seconds() -> list[float]:
    return []


@pytest.fixture(scope="module")
def cluster(deploy: Deploy, tmp_path_factory: pytest.TempPathFactory, seconds: list[float]) -> Iterator[RayCluster]:
    folder = deploy(tmp_path_factory.mktemp("compose"), "10.0.0.1", "10.0.0.2", "10.0.0.3")
    began = time.monotonic()
    with ray_cluster(folder / "compose.yaml") as found:
        seconds.append(time.monotonic() - began)
        yield found


def test_up_and_wait_returns_with_three_nodes(cluster: RayCluster, seconds: list[float]) -> None:
    nodes = cluster.nodes()
    assert [node["state"] for node in nodes] == ["ALIVE"] * 3
    assert sum(node["is_head_node"] for node in nodes) == 1
    assert seconds[0] < UP_WITHIN


def test_ray_lists_three_nodes(cluster: RayCluster) -> None:
    # The autoscaler, which answers `ray status`, reads the list of nodes every five seconds.
    until(lambda: cluster.run("worker-1", "ray", "status").stdout.count(" 1 node_") == 3, 20)
    listed = cluster.run("head", "ray", "list", "nodes").stdout
    assert "Total: 3" in listed, listed


def test_requests_without_the_token_are_refused(cluster: RayCluster) -> None:
    assert cluster.get("/api/jobs/", {}).status_code == 401
    assert cluster.get("/api/jobs/", {"Authorization": "Bearer wrong"}).status_code == 403
    assert cluster.get("/api/jobs/").status_code == 200
    token = (cluster.files[0].parent / "auth-token").read_text()
    assert cluster.run("head", "cat", "/run/secrets/ray-token").stdout == token
    container = f"{cluster.project}-head-1"
    for command in (["inspect", container], ["logs", container]):
        shown = subprocess.run(["docker", *command], capture_output=True, text=True, check=True)
        assert token not in shown.stdout + shown.stderr


def test_a_client_on_this_machine_submits_a_job_with_the_token(cluster: RayCluster, image: str) -> None:
    folder = cluster.files[0].parent
    address = f"http://{cluster.compose('port head 8265').strip()}"
    client = ["docker", "run", "--rm", "--network", "host", "--volume", f"{folder}/auth-token:/token:ro"]
    client += ["--env", "RAY_AUTH_MODE=token", "--env", "RAY_AUTH_TOKEN_PATH=/token", image]
    submit = ["ray", "job", "submit", "--address", address, "--", "python", "-c", "print('ran')"]
    done = subprocess.run([*client, *submit], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ran" in done.stdout
    without = ["docker", "run", "--rm", "--network", "host", image]
    refused = subprocess.run([*without, *submit], capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "Authentication required" in refused.stdout + refused.stderr


def test_up_again_changes_nothing(cluster: RayCluster) -> None:
    before = cluster.compose("ps --quiet")
    cluster.compose("up --wait")
    assert cluster.compose("ps --quiet") == before


def test_a_task_runs_on_every_node(cluster: RayCluster) -> None:
    script = """
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On
ray.init("auto", log_to_driver=False)
where = ray.remote(lambda: ray.get_runtime_context().get_node_id())
ids = [node["NodeID"] for node in ray.nodes()]
print(ids == ray.get([where.options(scheduling_strategy=On(id, soft=False)).remote() for id in ids]), len(ids))
"""
    done = cluster.run("head", "python", "-c", script)
    assert done.stdout == "True 3\n", done.stderr


def test_the_job_of_the_tutorial_runs(cluster: RayCluster) -> None:
    cluster.compose(f"cp {ROOT}/examples/job/sample_code.py head:/tmp/sample_code.py")
    submit = ("ray", "job", "submit", "--address", "http://127.0.0.1:8265", "--", "python", "/tmp/sample_code.py")
    done = cluster.run("head", *submit)
    last = "done: 14 words, 3 nodes alive, Ray 2.60.0"
    assert last in done.stdout, done.stdout + done.stderr
    assert last in (ROOT / "docs" / "tutorial" / "first-cluster.md").read_text()
