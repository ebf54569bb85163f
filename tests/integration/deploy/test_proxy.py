"""A cluster whose containers get a proxy from Docker's config.json: its own requests do not use the proxy."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.integration.deploy.conftest import Deploy
from tests.support.hosts import Host, hosts
from tests.support.raycluster import RayCluster, ray_cluster

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

# Nothing listens on the discard port, so a request to it fails at once.
PROXY = "http://127.0.0.1:9"
CONFIG = {"httpProxy": PROXY, "httpsProxy": PROXY, "allProxy": PROXY, "noProxy": "models.example"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for DOCKER_CONFIG."""
    folder = tmp_path_factory.mktemp("config")
    (folder / "config.json").write_text(json.dumps({"proxies": {"default": CONFIG}}))
    return folder


@pytest.fixture(scope="module")
def cluster(deploy: Deploy, config: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    """A head and a worker from compose.yaml."""
    folder = deploy(tmp_path_factory.mktemp("compose"), "10.0.0.1", "10.0.0.2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_CONFIG", str(config))
        patch.setenv("NO_PROXY", "mirror.example")
        patch.delenv("no_proxy", raising=False)
        with ray_cluster(folder / "compose.yaml") as found:
            yield found


def test_compose_starts_nodes_that_have_the_proxy(cluster: RayCluster) -> None:
    output = cluster.run("worker-1", "printenv", "http_proxy", "no_proxy", "NO_PROXY").stdout.split()
    assert output[0] == PROXY
    assert output[1] == output[2]
    assert {"localhost", "127.0.0.1", "::1", "head", "worker-1", "mirror.example"} <= set(output[1].split(","))
    assert len(cluster.nodes()) == 2


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("ray", "list", "nodes"), "Total: 2"),
        (("ray", "job", "submit", "--address", "http://head:8265", "--", "echo", "hello"), "succeeded"),
        (("ray", "job", "submit", "--", "echo", "hello"), "succeeded"),  # finds the head by its address
    ],
)
def test_rays_commands_reach_the_dashboard(cluster: RayCluster, command: tuple[str, ...], expected: str) -> None:
    done = cluster.run("worker-1", *command)
    assert expected in done.stdout, done.stdout + done.stderr


def test_the_probe_passes_with_the_proxy(cluster: RayCluster) -> None:
    done = cluster.run("worker-1", "raydock-probe")
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def two(client: docker.DockerClient, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Host]]:
    with hosts(client, image, 2, tmp_path_factory.mktemp("hosts")) as found:
        yield found


def test_the_scripts_start_nodes_that_have_the_proxy(
    two: list[Host], deploy: Deploy, config: Path, tmp_path: Path
) -> None:
    folder = deploy(tmp_path, *(host.address for host in two))

    def run(host: Host, *command: str) -> "subprocess.CompletedProcess[str]":
        done = host.run(*command, DOCKER_CONFIG=str(config))
        assert done.returncode == 0, done
        return done

    head, worker = two
    for host, role in ((head, "head"), (worker, "worker")):
        run(host, str(folder / f"{role}.sh"))
    assert "Total: 2" in run(worker, str(folder / "worker.sh"), "status").stdout
    output = run(
        worker, "docker", "exec", "raydock-worker", "printenv", "http_proxy", "no_proxy", "NO_PROXY"
    ).stdout.split()
    assert output[0] == PROXY
    assert output[1] == output[2]
    excluded = output[1].split(",")
    assert excluded[0] == CONFIG["noProxy"]
    assert sorted(excluded[1:]) == sorted(["localhost", "127.0.0.1", "::1", head.address, worker.address])
