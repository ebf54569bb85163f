"""Clusters of separate hosts: head.sh and worker.sh, unchanged, on three addresses with an engine each.

Each host is a network namespace with its own dockerd, so a container's host network is that host's. Not tested: a
different kernel, a firewall, a GPU.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from raydock.core.checkout import Checkout
from raydock.deploy.docker.cluster import make_cluster
from raydock.deploy.docker.files import render_files
from raydock.model.variant import parse_name
from raydock.pipeline.project import Project
from raydock.plan.select import select
from raydock.publish.published import find_built
from tests.integration.conftest import IMAGE
from tests.integration.deploy.conftest import Deploy
from tests.support.hosts import Host, hosts
from tests.support.raycluster import headers_with_token, nodes_in, until
from tests.support.toy import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

FORMAT = "{{.Id}} {{.State.StartedAt}} {{.RestartCount}}"


@pytest.fixture(scope="module")
def three(client: docker.DockerClient, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Host]]:
    with hosts(client, image, 3, tmp_path_factory.mktemp("hosts")) as found:
        yield found


@pytest.fixture(scope="module")
def folder(three: list[Host], deploy: Deploy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deploy(tmp_path_factory.mktemp("cluster"), *(host.address for host in three))


def script(host: Host, path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return host.run(str(path), *arguments)


def alive(host: Host, head: Host, folder: Path) -> list[tuple[str, str]]:
    """Return the address and id of the nodes that are alive, which a host reads from the head's dashboard."""
    answer = host.get(f"http://{head.address}:8265/api/v0/nodes", headers_with_token(folder))
    nodes = nodes_in(json.loads(answer)) if answer else []
    return sorted((node["node_ip"], node["node_id"]) for node in nodes if node["state"] == "ALIVE")


@pytest.fixture(scope="module")
def up(three: list[Host], folder: Path) -> list[Host]:
    """The hosts, with nodes that the scripts started."""
    head, *workers = three
    early = script(workers[0], folder / "worker.sh")
    assert early.returncode == 4, early
    assert f"the head does not answer at {head.address}:6379." in early.stderr
    for host, name in ((head, "head"), (workers[0], "worker"), (workers[1], "worker")):
        done = script(host, folder / f"{name}.sh")
        assert done.returncode == 0, done
        assert f"raydock-{name}: is up at {host.address}, with sha256:" in done.stdout
    return three


def test_three_hosts_are_one_cluster(up: list[Host], folder: Path) -> None:
    head, *workers = up
    for host in up:
        assert [address for address, _ in alive(host, head, folder)] == sorted(each.address for each in up)
    # The autoscaler, which answers `ray status`, reads the list of nodes every five seconds.
    until(lambda: script(head, folder / "head.sh", "status").stdout.count(" 1 node_") == 3, 20)
    done = script(workers[1], folder / "worker.sh", "status")
    assert done.returncode == 0, done
    assert "Total: 3" in done.stdout


def test_a_second_start_changes_nothing(up: list[Host], folder: Path) -> None:
    head, worker, _ = up
    for host, name in ((head, "head"), (worker, "worker")):
        inspect = ("docker", "inspect", "--format", FORMAT, f"raydock-{name}")
        before = host.run(*inspect).stdout
        done = script(host, folder / f"{name}.sh", "start")
        assert (done.returncode, done.stdout) == (0, f"raydock-{name}: is already running; nothing was changed.\n")
        assert host.run(*inspect).stdout == before


def test_no_privileges(up: list[Host]) -> None:
    config = json.loads(up[1].run("docker", "inspect", "raydock-worker").stdout)[0]["HostConfig"]
    assert (config["Privileged"], config["CapAdd"], config["CapDrop"]) == (False, None, ["ALL"])
    assert (config["NetworkMode"], config["PidMode"], config["IpcMode"]) == ("host", "", "private")
    assert config["RestartPolicy"]["Name"] == "unless-stopped"
    assert config["ShmSize"] > 2**30


def test_without_the_token_nobody_runs_a_job_and_no_node_joins(up: list[Host], folder: Path, tmp_path: Path) -> None:
    head, worker, _ = up
    token = (folder / "auth-token").read_text()
    jobs = f"http://{head.address}:8265/api/jobs/"
    assert worker.get(jobs) == ""
    assert worker.get(jobs, {"Authorization": "Bearer wrong"}) == ""
    assert worker.get(jobs, headers_with_token(folder)) == "[]\n"
    for command in (("inspect", "raydock-worker"), ("logs", "raydock-worker")):
        shown = worker.run("docker", *command)
        assert shown.returncode == 0
        assert token not in shown.stdout + shown.stderr

    assert script(worker, folder / "worker.sh", "stop").returncode == 0
    shutil.copy(folder / "worker.sh", tmp_path)
    done = script(worker, tmp_path / "worker.sh")
    assert done.returncode == 1, done
    assert f"the cluster's token {tmp_path}/auth-token does not exist on this host." in done.stderr

    (tmp_path / "auth-token").write_text("wrong")
    (tmp_path / "auth-token").chmod(0o600)
    done = script(worker, tmp_path / "worker.sh")
    assert done.returncode == 1, done
    assert f"the image's user (1000) cannot read the token {tmp_path}/auth-token." in done.stderr
    advice = done.stderr.split("Next: `")[1].split("`")[0]
    assert worker.run(*advice.split()).returncode == 0

    done = script(worker, tmp_path / "worker.sh")
    assert done.returncode == 1, done
    assert f"the head refuses the token {tmp_path}/auth-token of this host." in done.stderr
    assert script(worker, tmp_path / "worker.sh", "stop").returncode == 0
    assert script(worker, folder / "worker.sh").returncode == 0


def test_changed_settings_are_refused(up: list[Host], deploy: Deploy, tmp_path: Path) -> None:
    changed = deploy(tmp_path, *(host.address for host in up), model=str(tmp_path))
    done = script(up[1], changed / "worker.sh")
    assert done.returncode == 1, done
    assert "with a different image or settings exists on this host" in done.stderr


def test_a_node_that_dies_is_restarted(up: list[Host], folder: Path) -> None:
    head, _, worker = up
    before = set(alive(head, head, folder))
    worker.run("docker", "exec", "raydock-worker", "pkill", "-KILL", "raylet")
    until(lambda: len(alive(head, head, folder)) == 3 and len(before & set(alive(head, head, folder))) == 2, 90)
    assert script(worker, folder / "worker.sh", "status").returncode == 0


def test_stopped_and_started_again(up: list[Host], folder: Path, deploy: Deploy, tmp_path: Path) -> None:
    head, worker, _ = up
    secret = tmp_path / "secret"
    assert script(worker, folder / "worker.sh", "stop").stdout == "raydock-worker: is stopped and removed.\n"
    until(lambda: len(alive(head, head, folder)) == 2, 30)
    assert worker.run("docker", "ps", "--all", "--quiet").stdout == ""
    again = script(worker, folder / "worker.sh", "stop")
    assert (again.returncode, again.stdout) == (
        0,
        "raydock-worker: does not exist on this host; nothing was changed.\n",
    )
    assert script(worker, folder / "worker.sh", "status").returncode == 1
    secret.mkdir(mode=0o700)
    done = script(worker, deploy(tmp_path, *(host.address for host in up), model=str(secret)) / "worker.sh")
    assert done.returncode == 1, done
    assert f"the image's user (1000, group 0) cannot read {secret}." in done.stderr
    done = script(worker, folder / "worker.sh")
    assert done.returncode == 0, done
    until(lambda: len(alive(head, head, folder)) == 3, 30)


def test_a_port_that_a_different_process_uses(up: list[Host], folder: Path) -> None:
    worker = up[1]
    script(worker, folder / "worker.sh", "stop")
    listening = "import socket as s; l = s.create_server(('', 52365)); print('ready', flush=True); l.accept()"
    command = [*worker.engine.enter, "python3", "-c", listening]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as listener:
        assert listener.stdout
        listener.stdout.readline()
        done = script(worker, folder / "worker.sh")
        listener.kill()
    assert done.returncode == 1, done
    assert "port 52365 is in use on this host" in done.stderr
    assert worker.run("docker", "ps", "--all", "--quiet").stdout == ""


def test_the_wrong_host_and_an_invalid_command(up: list[Host], folder: Path) -> None:
    done = script(up[1], folder / "head.sh")
    assert done.returncode == 2, done
    assert f"this host is not in the script's list of hosts: {up[0].address}." in done.stderr
    done = script(up[1], folder / "worker.sh", "strat")
    assert done.returncode == 2, done
    assert "Next: worker.sh [start], worker.sh status or worker.sh stop." in done.stderr


def test_no_engine(up: list[Host], folder: Path) -> None:
    done = up[1].run(str(folder / "worker.sh"), DOCKER_HOST="unix:///nonexistent/docker.sock")
    assert done.returncode == 4, done
    assert "the Docker engine does not answer" in done.stderr


def test_an_image_that_is_not_available(
    up: list[Host], client: docker.DockerClient, image: str, folder: Path, tmp_path: Path
) -> None:
    head, worker, _ = up
    script(worker, folder / "worker.sh", "stop")
    worker.run("docker", "image", "rm", image)
    done = script(worker, folder / "worker.sh")
    assert done.returncode == 4, done
    assert f"`docker save {image} | ssh THIS-HOST docker load`" in done.stderr

    [planned] = select(Project(Checkout(ROOT)).plan, names=[IMAGE])
    pinned = find_built(planned, image.rpartition(":")[0])
    pinned = replace(pinned, repository="localhost:1/raydock", digest=f"sha256:{'0' * 64}")
    cluster = make_cluster(parse_name(IMAGE), head=head.address, workers=[worker.address], gpus=0, allow_all=True)
    [text] = [file.text for file in render_files(cluster, pinned, Checkout(ROOT).templates) if file.name == "worker.sh"]
    (tmp_path / "worker.sh").write_text(text)
    done = worker.run("bash", str(tmp_path / "worker.sh"))
    assert done.returncode == 4, done
    assert f"{pinned.reference} cannot be pulled: " in done.stderr
