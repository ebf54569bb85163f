"""What users may write, and what Kubernetes would refuse."""

import pytest

from raydock.core.errors import ConfigurationError
from raydock.deploy.kuberay import validate
from raydock.deploy.kuberay.deployment import Workers
from tests.unit.deploy.kuberay.conftest import Image


def test_a_name_is_the_variants_unless_another_is_asked_for(image: Image) -> None:
    vllm = image("ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130")
    assert validate.name("", vllm) == "ray2-60-0-vllm0-32-0-torch2-13-0-py311-cu130"
    assert validate.name("mine", vllm) == "mine"


@pytest.mark.parametrize("asked", ["Mine", "1st", "a.b", "a-", "a" * 48, "a\nb", "a: b", "{{ x }}"])
def test_a_name_that_kuberay_refuses(image: Image, asked: str) -> None:
    with pytest.raises(ConfigurationError, match="--name"):
        validate.name(asked, image("cpu"))


@pytest.mark.parametrize("asked", ["Team", "a.b", "a_b", "-a", "a" * 64, "a\n"])
def test_a_namespace_that_kubernetes_refuses(asked: str) -> None:
    with pytest.raises(ConfigurationError, match="--namespace"):
        validate.namespace(asked)
    assert validate.namespace("team-a") == "team-a"


@pytest.mark.parametrize("asked", ["A", "a..b", "a b", "a" * 254])
def test_a_secret_that_kubernetes_refuses(asked: str) -> None:
    with pytest.raises(ConfigurationError, match="--image-pull-secret"):
        validate.pull_secret(asked)
    assert validate.pull_secret("regcred.team") == "regcred.team"


def test_node_labels() -> None:
    asked = ["nvidia.com/gpu.product=A100-SXM4-80GB", "pool=", "y=1e3"]
    assert validate.node_selector(asked) == {"nvidia.com/gpu.product": "A100-SXM4-80GB", "pool": "", "y": "1e3"}


@pytest.mark.parametrize("asked", ["pool", "=a", "a/b/c=d", "a=b c", "a=b\n", "a: b=c", "a=-b", f"a={'b' * 64}"])
def test_node_labels_that_kubernetes_refuses(asked: str) -> None:
    with pytest.raises(ConfigurationError, match="--node-selector"):
        validate.node_selector([asked])


@pytest.mark.parametrize("asked", ["", " ", "a\nb", "a\x00"])
def test_an_entrypoint_of_more_or_less_than_a_line(asked: str) -> None:
    with pytest.raises(ConfigurationError, match="--entrypoint"):
        validate.entrypoint(asked)


def test_workers(image: Image) -> None:
    cpu, cuda = image("cpu"), image("cuda")
    assert validate.workers(cpu, None, None, "") == Workers(replicas=1, least=1, most=1, gpus=0, autoscaled=False)
    assert validate.workers(cuda, 3, None, "") == Workers(replicas=3, least=3, most=3, gpus=1, autoscaled=False)
    assert validate.workers(cuda, None, 2, "0:4") == Workers(replicas=0, least=0, most=4, gpus=2, autoscaled=True)
    assert validate.workers(cuda, 2, 0, "0:4") == Workers(replicas=2, least=0, most=4, gpus=0, autoscaled=True)


@pytest.mark.parametrize(
    ("count", "gpus", "autoscale", "words_of"),
    [
        *[(0, None, "", "--workers '0'"), (5, None, "0:4", "from 0 to 4"), (None, 1, "", "uses no GPU")],
        *[(None, None, "4", "MIN:MAX"), (None, None, "4:0", "MIN:MAX"), (None, None, "0:0", "MIN:MAX")],
    ],
)
def test_workers_that_cannot_be(
    image: Image, count: int | None, gpus: int | None, autoscale: str, words_of: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        validate.workers(image("cpu"), count, gpus, autoscale)
    assert words_of in str(refused.value)
