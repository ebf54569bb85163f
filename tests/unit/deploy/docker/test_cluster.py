"""The hosts, paths and GPUs that a cluster accepts."""

from dataclasses import replace
from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.deploy.docker.cluster import DockerCluster, health_warning, make_cluster
from raydock.model.labels import ImageLabels, Label
from raydock.model.variant import Variant, parse_name
from tests.unit.deploy.docker.conftest import Pin

CPU = parse_name("ray2.60.0-py311-cpu")
GPU = parse_name("ray2.60.0-torch2.13.0-py311-cu130")


def make_for(
    *, variant: Variant = CPU, head: str = "10.0.0.1", worker: str = "10.0.0.2", gpus: int | None = None
) -> DockerCluster:
    return make_cluster(variant, head=head, workers=[worker], gpus=gpus)


@pytest.mark.parametrize("host", ["10.0.0.3", "gpu01", "GPU-01.lab.example"])
def test_addresses_and_names(host: str) -> None:
    assert make_for(worker=host).workers == (host,)


@pytest.mark.parametrize(
    "host",
    ["", "10.0.0", "10.0.0.300", "fe80::1", "gpu_01", "-gpu", "gpu01;reboot", "$(id)", "a b", "gpu01\n", "x" * 64],
)
def test_invalid_hosts_are_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="neither an IPv4 address nor a host name"):
        make_for(head=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.1.1", "localhost", "LOCALHOST"])
def test_loopback_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="other hosts cannot reach it"):
        make_for(head=host)


def test_a_host_listed_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="GPU01 is listed twice"):
        make_for(head="gpu01", worker="GPU01")
    with pytest.raises(ConfigurationError, match=r"10\.0\.0\.2 is listed twice"):
        make_cluster(CPU, head="10.0.0.1", workers=["10.0.0.2", "10.0.0.2"], gpus=None)


@pytest.mark.parametrize("path", ["data", "./data", "/data:ro", "/da\nta"])
def test_a_model_path_that_docker_cannot_mount_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match="not a path that Docker can mount"):
        make_cluster(CPU, head="gpu01", workers=["gpu02"], gpus=None, model=Path(path))


def test_gpus_are_required_for_a_variant_with_cuda_and_refused_without() -> None:
    assert make_for().gpus == 0
    assert make_for(variant=GPU, gpus=0).gpus == 0
    assert make_for(variant=GPU, gpus=2).gpus == 2
    with pytest.raises(ConfigurationError, match="--gpus is missing"):
        make_for(variant=GPU)
    with pytest.raises(ConfigurationError, match="has no CUDA"):
        make_for(gpus=1)


def test_an_image_that_is_not_for_kuberay_gets_a_health_warning(pin: Pin) -> None:
    assert health_warning(pin()) == ""
    warning = health_warning(replace(pin(), labels=ImageLabels({Label.KUBERAY: "false"})))
    assert "raydock.kuberay is false" in warning
    assert "Next: check that its `ray-extras` in matrix.yaml list `default`" in warning


def test_a_ray_without_tokens_is_refused_unless_everyone_may_run_code() -> None:
    old = parse_name("ray2.49.1-py311-cpu")
    with pytest.raises(ConfigurationError, match=r"Ray has token authentication from 2\.52\.0 on") as refused:
        make_cluster(old, head="gpu01", workers=["gpu02"], gpus=None)
    assert "accept the risk with --open" in str(refused.value)
    cluster = make_cluster(old, head="gpu01", workers=["gpu02"], gpus=None, allow_all=True)
    assert not cluster.token
    assert make_cluster(CPU, head="gpu01", workers=["gpu02"], gpus=None).token
