"""Valid option values, and values that Kubernetes or KubeRay would refuse."""

import pytest

from raydock.core.errors import ConfigurationError
from raydock.deploy.kuberay import validate
from raydock.deploy.kuberay.deployment import Resources
from tests.unit.deploy.kuberay.conftest import Image

RESOURCES = Resources(cpus="2", mebibytes=4096)


def test_the_default_name_is_the_variants(image: Image) -> None:
    vllm = image("ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130")
    assert validate.name("", vllm) == "ray2-60-0-vllm0-32-0-torch2-13-0-py311-cu130"
    assert validate.name("mine", vllm) == "mine"


@pytest.mark.parametrize("value", ["Mine", "1st", "a.b", "a-", "a" * 48, "a\nb", "a: b", "{{ x }}"])
def test_a_name_that_kuberay_refuses(image: Image, value: str) -> None:
    with pytest.raises(ConfigurationError, match="--name"):
        validate.name(value, image("cpu"))


@pytest.mark.parametrize("value", ["Team", "a.b", "a_b", "-a", "a" * 64, "a\n"])
def test_a_namespace_that_kubernetes_refuses(value: str) -> None:
    with pytest.raises(ConfigurationError, match="--namespace"):
        validate.namespace(value)
    assert validate.namespace("team-a") == "team-a"


@pytest.mark.parametrize("value", ["A", "a..b", "a b", "a" * 254])
def test_a_secret_that_kubernetes_refuses(value: str) -> None:
    with pytest.raises(ConfigurationError, match="--image-pull-secret"):
        validate.pull_secret(value)
    assert validate.pull_secret("regcred.team") == "regcred.team"


def test_node_labels() -> None:
    values = ["nvidia.com/gpu.product=A100-SXM4-80GB", "pool=", "y=1e3"]
    assert validate.node_selector(values) == {"nvidia.com/gpu.product": "A100-SXM4-80GB", "pool": "", "y": "1e3"}


@pytest.mark.parametrize("value", ["pool", "=a", "a/b/c=d", "a=b c", "a=b\n", "a: b=c", "a=-b", f"a={'b' * 64}"])
def test_node_labels_that_kubernetes_refuses(value: str) -> None:
    with pytest.raises(ConfigurationError, match="--node-selector"):
        validate.node_selector([value])


@pytest.mark.parametrize("value", ["", " ", "a\nb", "a\x00"])
def test_an_entrypoint_that_is_not_one_line_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="--entrypoint"):
        validate.entrypoint(value)


@pytest.mark.parametrize(
    ("variant", "options", "expected"),
    [
        ("cpu", (None, "", ""), ("2", 4096, 0)),
        ("cuda", (None, "", ""), ("4", 16384, 1)),
        ("cuda", (2, "", ""), ("8", 32768, 2)),
        ("cuda", (0, "", ""), ("2", 4096, 0)),
        ("cuda", (8, "500m", "96Gi"), ("500m", 98304, 8)),
        ("ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130", (0, "", ""), ("2", 16384, 0)),
        ("ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130", (2, "", ""), ("8", 32768, 2)),
    ],
)
def test_the_resources_of_a_worker(
    image: Image, variant: str, options: tuple[int | None, str, str], expected: tuple[str, int, int]
) -> None:
    found = validate.worker(image(variant), *options)
    assert (found.cpus, found.mebibytes, found.gpus) == expected


@pytest.mark.parametrize(
    ("count", "autoscale", "expected"),
    [(None, "", (1, 1, 1)), (3, "", (3, 3, 3)), (None, "0:4", (0, 0, 4)), (2, "0:4", (2, 0, 4))],
)
def test_the_number_of_workers(count: int | None, autoscale: str, expected: tuple[int, int, int]) -> None:
    found = validate.workers(RESOURCES, count, autoscale)
    assert (found.replicas, found.least, found.most) == expected
    assert found.autoscaled == bool(autoscale)


@pytest.mark.parametrize(
    ("count", "autoscale", "message"),
    [
        *[(0, "", "--workers '0'"), (5, "0:4", "from 0 to 4")],
        *[(None, "4", "MIN:MAX"), (None, "4:0", "MIN:MAX"), (None, "0:0", "MIN:MAX")],
    ],
)
def test_an_invalid_number_of_workers_is_refused(count: int | None, autoscale: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        validate.workers(RESOURCES, count, autoscale)
    assert message in str(refused.value)


def test_gpus_for_an_image_without_cuda_are_refused(image: Image) -> None:
    with pytest.raises(ConfigurationError, match="cannot use --gpus-per-worker 1"):
        validate.worker(image("cpu"), 1, "", "")
