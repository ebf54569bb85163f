"""Which hosts, paths and GPUs a cluster accepts."""

from dataclasses import replace
from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.deploy.docker.cluster import DockerCluster, cluster, doubts
from raydock.model.labels import ImageLabels, Label
from raydock.model.variant import Variant, parse_name
from tests.unit.deploy.docker.conftest import Pin

CPU = parse_name("ray2.60.0-py311-cpu")
GPU = parse_name("ray2.60.0-torch2.13.0-py311-cu130")


def make(
    *, variant: Variant = CPU, head: str = "10.0.0.1", worker: str = "10.0.0.2", gpus: int | None = None
) -> DockerCluster:
    return cluster(variant, head=head, workers=[worker], gpus=gpus)


@pytest.mark.parametrize("host", ["10.0.0.3", "gpu01", "GPU-01.lab.example"])
def test_addresses_and_names(host: str) -> None:
    assert make(worker=host).workers == (host,)


@pytest.mark.parametrize(
    "host",
    ["", "10.0.0", "10.0.0.300", "fe80::1", "gpu_01", "-gpu", "gpu01;reboot", "$(id)", "a b", "gpu01\n", "x" * 64],
)
def test_what_is_neither_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="neither an IPv4 address nor a host's name"):
        make(head=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.1.1", "localhost", "LOCALHOST"])
def test_loopback_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="no other host reaches it"):
        make(head=host)


def test_a_host_has_one_node() -> None:
    with pytest.raises(ConfigurationError, match="GPU01 is named twice"):
        make(head="gpu01", worker="GPU01")
    with pytest.raises(ConfigurationError, match=r"10\.0\.0\.2 is named twice"):
        cluster(CPU, head="10.0.0.1", workers=["10.0.0.2", "10.0.0.2"], gpus=None)


@pytest.mark.parametrize("path", ["data", "./data", "/data:ro", "/da\nta"])
def test_a_model_that_docker_cannot_mount(path: str) -> None:
    with pytest.raises(ConfigurationError, match="not a path that Docker can mount"):
        cluster(CPU, head="gpu01", workers=["gpu02"], gpus=None, model=Path(path))


def test_gpus_are_asked_for_where_they_can_be_used() -> None:
    assert make().gpus == 0
    assert make(variant=GPU, gpus=0).gpus == 0
    assert make(variant=GPU, gpus=2).gpus == 2
    with pytest.raises(ConfigurationError, match="nobody said how many"):
        make(variant=GPU)
    with pytest.raises(ConfigurationError, match="has no CUDA"):
        make(gpus=1)


def test_an_image_that_is_not_for_kuberay_may_lack_what_health_is_asked_of(pin: Pin) -> None:
    assert doubts(pin()) == ""
    words = doubts(replace(pin(), labels=ImageLabels({Label.KUBERAY: "false"})))
    assert "raydock.kuberay is false" in words
    assert "Next: see that its `ray-extras` in matrix.yaml hold `default`" in words
