"""What containers with GPUs get on a host that accepts forward compatibility in hosts.yaml."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import docker
import pytest

from raydock.core.errors import HostError, OutOfReachError
from raydock.core.processes import Processes
from raydock.engine.container import ContainerOptions, Grant, Limits, create_container
from raydock.engine.host import Host
from raydock.engine.localimage import get_image
from raydock.hosts import compat
from raydock.pick.nvidia_smi import Gpu
from raydock.pick.nvidia_smi import GpuHost as Gpus
from raydock.smoke.gpus import AUTO

pytestmark = pytest.mark.engine

NAME = "ray2.60.0-torch2.13.0-py311-cu130"
FOLDER = "/usr/local/cuda-13.0/compat"
LOCAL = Host(name="gpu1", address="unix:///var/run/docker.sock", forward_compat=True)


@pytest.fixture
def empty(client: docker.DockerClient) -> Iterator[str]:
    """An empty image with the labels of an image of NAME."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("empty"), io.BytesIO(b""))
    repository = f"raydock-test-{uuid4().hex[:8]}"
    changes = [
        "LABEL raydock.min-driver=580.65.06",
        "LABEL raydock.sm='75 80 86 90'",
        "ENV LD_LIBRARY_PATH=/opt/lib",
    ]
    client.api.import_image_from_data(packed.getvalue(), repository=repository, tag="x", changes=changes)
    yield f"{repository}:x"
    client.images.remove(f"{repository}:x", force=True)


def fake_smi(folder: Path, monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    """Put a fake nvidia-smi on the PATH that prints `output`, since no test can change a host's driver."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho '{output}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_a_host_is_read_only_if_it_accepts_forward_compatibility(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_smi(tmp_path, monkeypatch, "535.104.05, 8.0, NVIDIA A100-SXM4-80GB")
    found = compat.read(LOCAL, Processes())
    assert found
    assert (found.host.driver, found.host.gpus) == ("535.104.05", (Gpu(80, "NVIDIA A100-SXM4-80GB"),))
    fake_smi(tmp_path, monkeypatch, "Failed to initialize NVML: Driver/library version mismatch")
    with pytest.raises(HostError, match="version mismatch"):
        compat.read(LOCAL, Processes())
    assert compat.read(Host(name="gpu1", address=LOCAL.address), Processes()) is None
    with pytest.raises(OutOfReachError, match="over tcp://"):
        compat.read(Host(name="gpu1", address="tcp://10.0.0.9:2375", forward_compat=True), Processes())


def make_compat(driver: str, gpu: Gpu, *folders: str) -> compat.Compat:
    host = Gpus(name="gpu1", driver=driver, gpus=(gpu,), forward_compat=True)
    return compat.Compat(host=host, folders=folders)


A100 = Gpu(80, "NVIDIA A100-SXM4-80GB")


def test_an_older_driver_gets_the_libraries(client: docker.DockerClient, empty: str) -> None:
    request = make_compat("535.104.05", A100, FOLDER).extend(AUTO, NAME, get_image(client, empty))
    assert request.folders == (FOLDER,)
    assert request.environment == {"LD_LIBRARY_PATH": f"{FOLDER}:/opt/lib", "NVIDIA_DISABLE_REQUIRE": "true"}
    with pytest.raises(HostError, match=f"has no {FOLDER}") as missing:
        make_compat("535.104.05", A100, "/usr/local/cuda-13.1/compat").extend(AUTO, NAME, get_image(client, empty))
    assert "install cuda-compat-13-0 on it" in str(missing.value)


@pytest.mark.parametrize(
    ("driver", "gpu"),
    [
        ("580.65.06", A100),
        ("535.104.05", Gpu(89, "NVIDIA GeForce RTX 4090")),
        ("560.35.03", A100),
        ("535.104.05", Gpu(70, "Tesla V100-SXM2-16GB")),  # the image has no code for it
    ],
)
def test_hosts_that_do_not_qualify_get_nothing(client: docker.DockerClient, empty: str, driver: str, gpu: Gpu) -> None:
    assert make_compat(driver, gpu, FOLDER).extend(AUTO, NAME, get_image(client, empty)) == AUTO


def test_a_container_has_the_folders_of_its_grant(client: docker.DockerClient, empty: str, tmp_path: Path) -> None:
    options = ContainerOptions(grant=Grant(folders=(str(tmp_path),), environment={"NVIDIA_DISABLE_REQUIRE": "true"}))
    with create_container(client, empty, ["/none"], Limits(), options) as container:
        [mount] = container.attrs["Mounts"]
        assert (mount["Source"], mount["Destination"], mount["RW"]) == (str(tmp_path), str(tmp_path), False)
        assert "NVIDIA_DISABLE_REQUIRE=true" in container.attrs["Config"]["Env"]
