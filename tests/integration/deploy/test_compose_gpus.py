"""Compose files for nodes with GPUs, on engines that provide fake GPUs by CDI or by a fake NVIDIA hook.

Compose, the engine and its CDI are real. The device is /dev/null, since no test can create a GPU.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest

from raydock.core.checkout import Checkout
from raydock.deploy.docker.cluster import make_cluster
from raydock.deploy.docker.files import render_files
from raydock.deploy.docker.token import write_token
from raydock.engine.client import uses_containerd_store
from raydock.model.variant import parse_name
from raydock.pipeline.project import Project
from raydock.plan.select import select
from raydock.publish.published import find_built
from tests.integration.conftest import IMAGE
from tests.support.hosts import empty_hosts
from tests.support.raycluster import RayCluster, ray_cluster, until
from tests.support.toy import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

GPU = "ray2.60.0-torch2.13.0-py311-cu130"
# The environment of a container shows the number of its fake GPU.
SPECIFICATION = {
    "cdiVersion": "0.5.0",
    "kind": "nvidia.com/gpu",
    "devices": [
        {
            "name": str(number),
            "containerEdits": {
                "env": [f"MADE_UP_GPU={number}"],
                "deviceNodes": [{"path": f"/dev/made-up-gpu{number}", "hostPath": "/dev/null"}],
            },
        }
        for number in range(2)
    ],
}


@pytest.fixture(scope="module")
def folder(client: docker.DockerClient, image: str, token_user: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster's files for two nodes with a GPU each; Ray also runs in an image without CUDA."""
    [planned] = select(Project(Checkout(ROOT)).plan, names=[IMAGE])
    pinned = find_built(planned, image.rpartition(":")[0])
    cluster = make_cluster(parse_name(GPU), head="10.0.0.1", workers=["10.0.0.2"], gpus=1)
    output = tmp_path_factory.mktemp("cluster")
    for file in render_files(cluster, replace(pinned, digest=""), Checkout(ROOT).templates):
        # Root in a container cannot raise this limit; root on a host can.
        text = file.text.replace("    ulimits: {memlock: -1, stack: 67108864}\n", "")
        (output / file.name).write_text(text)
    assert write_token(output, image) == ""
    return output


@contextmanager
def engine(client: docker.DockerClient, image: str, folder: Path, settings: Mapping[str, Any]) -> Iterator[None]:
    """Run an engine with these settings in its own network, with DOCKER_HOST set; daemon.json is in `folder`.

    It has the image store of `client`: the image's id, which the cluster's files name, differs between the stores.
    """
    configuration = folder / "daemon.json"
    features = {"containerd-snapshotter": uses_containerd_store(client), **settings.get("features", {})}
    configuration.write_text(json.dumps({**settings, "features": features}))
    with (
        tempfile.TemporaryDirectory(prefix="rd-") as state,  # short, since a socket's path has at most 104 bytes
        empty_hosts(client, image, 1, Path(state)) as [host],
        pytest.MonkeyPatch.context() as patch,
    ):
        host.engine.stop()
        host.engine.options = (f"--config-file={configuration}",)
        host.engine.start()
        host.engine.load(client.images.get(image).save(named=image))
        patch.setenv("DOCKER_HOST", host.engine.host)
        yield


def environment(cluster: RayCluster, node: str) -> list[str]:
    """Return the environment of a node's first process; `docker exec` does not get what CDI and hooks add."""
    return cluster.run(node, "cat", "/proc/1/environ").stdout.split("\0")


def test_compose_yaml_starts_a_cluster_by_cdi(
    client: docker.DockerClient, image: str, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "cdi").mkdir()
    (tmp_path / "cdi" / "nvidia.json").write_text(json.dumps(SPECIFICATION))
    settings = {"features": {"cdi": True}, "cdi-spec-dirs": [str(tmp_path / "cdi")]}
    with engine(client, image, tmp_path, settings):
        with ray_cluster(folder / "compose.yaml") as found:
            until(lambda: "Total: 2" in found.run("head", "ray", "list", "nodes").stdout, 60)
            for number, node in enumerate(("head", "worker-1")):
                assert f"MADE_UP_GPU={number}" in environment(found, node)
                assert found.run(node, "test", "-c", f"/dev/made-up-gpu{number}").returncode == 0
                assert found.run(node, "test", "-e", f"/dev/made-up-gpu{1 - number}").returncode == 1
        with (
            pytest.raises(Exception, match='could not select device driver "nvidia"'),
            ray_cluster(folder / "compose.nvidia.yaml"),
        ):
            pass


def test_compose_nvidia_yaml_starts_a_cluster_by_nvidias_hook(
    client: docker.DockerClient, image: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # dockerd provides GPUs by the hook if the hook is on its PATH when it starts.
    programs = tmp_path / "bin"
    programs.mkdir()
    hook = programs / "nvidia-container-runtime-hook"
    hook.write_text("#!/bin/sh\ncat > /dev/null\n")
    hook.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with engine(client, image, tmp_path, {}):
        with ray_cluster(folder / "compose.nvidia.yaml") as found:
            until(lambda: "Total: 2" in found.run("head", "ray", "list", "nodes").stdout, 60)
            for number, node in enumerate(("head", "worker-1")):
                assert f"NVIDIA_VISIBLE_DEVICES={number}" in environment(found, node)
        with (
            # From Docker 28 on, CDI is enabled by default; this engine has no specification.
            pytest.raises(Exception, match=r'could not select device driver "cdi"|CDI device injection failed'),
            ray_cluster(folder / "compose.yaml"),
        ):
            pass
