"""The job of `deploy kuberay --probe` on a real Ray cluster: a head and workers in one container, one of them broken.

GPUs are told to Ray and are not there, as in the other tests of KubeRay: which workers are asked is real.
"""

from pathlib import PurePosixPath

import docker
import pytest

from raydock.prove.container import Ended, Limits, Terms, created, follow
from raydock.ship.kuberay import probing
from raydock.ship.kuberay.code import MOUNT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(150)]

CLUSTER = """
ray start --head --num-cpus=0 --include-dashboard=false --object-store-memory=100000000 > /dev/null
export RAY_ADDRESS=127.0.0.1:6379
join="ray start --address=$RAY_ADDRESS --num-cpus=1 --object-store-memory=100000000"
"""
GOOD, CPU, BROKEN = "$join --num-gpus=1", "$join", "HOME=/nonexistent $join --num-gpus=1"


def run(client: docker.DockerClient, image: str, nodes: list[str], job: str) -> Ended:
    lines = [CLUSTER, *(f"{node} > /dev/null" for node in nodes), f"exec python {MOUNT}/{probing.SCRIPT.name} {job}"]
    files = {PurePosixPath(MOUNT, name): text for name, text in probing.code().files.items()}
    command = ["bash", "-c", "\n".join(lines)]
    with created(client, image, command, Limits(memory=4 * 2**30), Terms(files=files)) as container:
        return follow(container, lambda _: None, 120)


def test_it_passes_where_every_worker_with_gpus_does(client: docker.DockerClient, image: str) -> None:
    ended = run(client, image, [GOOD, CPU], "--workers 1 --gpus 1 -- --check=user --check=versions")
    assert ended.status == 0, ended
    assert ended.out.splitlines()[-1] == "raydock-probe: it passed on all 1 workers."


def test_it_fails_where_one_worker_does_and_says_which_and_why(client: docker.DockerClient, image: str) -> None:
    ended = run(client, image, [GOOD, BROKEN], "--workers 2 --gpus 1 -- --check=user")
    assert ended.status == 1, ended
    passed, failed = sorted(ended.out.splitlines()[-2:], key=lambda line: "HOME" in line)
    assert passed.endswith(": passed")
    assert failed.endswith(": user failed: HOME is '/nonexistent', which is no folder")
    assert "raydock-probe: it failed on 1 of 2 workers: " in ended.err


def test_it_fails_where_workers_do_not_come(client: docker.DockerClient, image: str) -> None:
    ended = run(client, image, [GOOD, CPU], "--workers 2 --gpus 1 --seconds 2")
    assert ended.status == 1, ended
    assert "raydock-probe: 1 of 2 workers with 1 GPUs each came within 2 s; see their pods." in ended.err
