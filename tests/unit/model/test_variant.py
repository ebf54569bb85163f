import pytest

from raydock.core.errors import ConfigurationError
from raydock.model.variant import Variant, parse_name

NAMES = {
    "ray2.60.0-py311-cpu": Variant(ray="2.60.0", python="3.11"),
    "ray2.60.0-py39-cpu": Variant(ray="2.60.0", python="3.9"),
    "ray2.60.0-torch2.13.0-py311-cu130": Variant(ray="2.60.0", python="3.11", torch="2.13.0", cuda="13.0"),
    "ray2.60.0-vllm0.32.0-torch2.13.0-py313-cu130": Variant(
        ray="2.60.0", python="3.13", torch="2.13.0", vllm="0.32.0", cuda="13.0"
    ),
    "ray2.61.0rc1-py311-cpu": Variant(ray="2.61.0rc1", python="3.11"),
    "ray2.60.0-py311-cpu-arm64": Variant(ray="2.60.0", python="3.11", arch="arm64"),
    "ray2.60.0-py311-cpu-xgboost": Variant(ray="2.60.0", python="3.11", flavor="xgboost"),
    "ray2.60.0-torch2.13.0-py311-cu130-raytrain": Variant(
        ray="2.60.0", python="3.11", torch="2.13.0", cuda="13.0", flavor="raytrain"
    ),
    "ray2.60.0-py311-cpu-arm64-xgboost": Variant(ray="2.60.0", python="3.11", arch="arm64", flavor="xgboost"),
}


@pytest.mark.parametrize(("name", "variant"), NAMES.items())
def test_name_and_back(name: str, variant: Variant) -> None:
    assert variant.name == name
    assert parse_name(name) == variant


@pytest.mark.parametrize(
    "word", ["", "ray2.60.0", "ray2.60.0-py311", "ray2.60.0-py3-cpu", "torch2.8.0-py311-cpu", "ray2.60.0-py311-cu13"]
)
def test_an_invalid_name_is_refused(word: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_name(word)
    assert repr(word) in caught.value.what
    assert "ray2.60.0-py311-cpu" in caught.value.todo


def test_order_is_by_version_and_not_by_letter() -> None:
    ordered = [
        Variant(ray="2.9.0", python="3.11"),
        Variant(ray="2.60.0", python="3.9"),
        Variant(ray="2.60.0", python="3.11"),
        Variant(ray="2.60.0", python="3.11", torch="2.8.0", cuda="12.8"),
        Variant(ray="2.60.0", python="3.11", torch="2.13.0", cuda="13.0"),
        Variant(ray="2.60.0", python="3.11", torch="2.8.0", vllm="0.10.2", cuda="12.8"),
    ]
    shuffled = ordered[::-1]
    shuffled.sort(key=lambda variant: variant.order)
    assert shuffled == ordered


def test_a_variant_has_a_value_on_every_axis() -> None:
    axes = Variant(ray="2.60.0", python="3.11").axes
    assert axes == {
        "arch": "amd64",
        "python": "3.11",
        "cuda": "cpu",
        "torch": "none",
        "vllm": "none",
        "ray": "2.60.0",
    }
