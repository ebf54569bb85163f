"""Valid option values, and values that Kubernetes or KubeRay would refuse."""

import pytest

from raydock.core.errors import ConfigurationError
from raydock.deploy.kuberay import validate
from raydock.deploy.kuberay.deployment import Workers
from tests.unit.deploy.kuberay.conftest import Image


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


def test_workers(image: Image) -> None:
    cpu, cuda = image("cpu"), image("cuda")
    assert validate.workers(cpu, None, None, "") == Workers(replicas=1, least=1, most=1, gpus=0, autoscaled=False)
    assert validate.workers(cuda, 3, None, "") == Workers(replicas=3, least=3, most=3, gpus=1, autoscaled=False)
    assert validate.workers(cuda, None, 2, "0:4") == Workers(replicas=0, least=0, most=4, gpus=2, autoscaled=True)
    assert validate.workers(cuda, 2, 0, "0:4") == Workers(replicas=2, least=0, most=4, gpus=0, autoscaled=True)


@pytest.mark.parametrize(
    ("count", "gpus", "autoscale", "message"),
    [
        *[
            (0, None, "", "--workers '0'"),
            (5, None, "0:4", "from 0 to 4"),
            (None, 1, "", "cannot use --gpus-per-worker 1"),
        ],
        *[(None, None, "4", "MIN:MAX"), (None, None, "4:0", "MIN:MAX"), (None, None, "0:0", "MIN:MAX")],
    ],
)
def test_invalid_workers_are_refused(
    image: Image, count: int | None, gpus: int | None, autoscale: str, message: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        validate.workers(image("cpu"), count, gpus, autoscale)
    assert message in str(refused.value)
