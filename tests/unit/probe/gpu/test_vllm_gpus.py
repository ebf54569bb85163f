"""The GPUs that `gpu-vllm` refuses; the fake driver has one sm_90."""

from pathlib import Path

import pytest

from raydock.probe.answer import CheckError
from raydock.probe.gpu import cuda
from raydock.probe.gpu.vllm_level import refuse_gpus
from raydock.probe.image import Image

AXES = {"arch": "amd64", "python": "3.11", "cuda": "12.1", "torch": "2.1.2", "vllm": "0.3.0", "ray": "2.49.1"}


def image(*sm: str) -> Image:
    return Image("x", AXES, {"vllm": "0.3.0"}, "525.60.13", sm)


@pytest.fixture(autouse=True)
def driver(fake_driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "LIBRARY", str(fake_driver / cuda.LIBRARY))


@pytest.mark.parametrize("sm", [("70", "80"), ("80", "100"), ("91",)])
def test_a_gpu_without_vllms_code_is_named_before_vllm_starts(sm: tuple[str, ...]) -> None:
    with pytest.raises(CheckError) as caught:
        refuse_gpus(image(*sm))
    shared = " ".join(f"sm_{number}" for number in sm)
    assert str(caught.value) == (
        f"GPU 0 is sm_90, for which torch and vllm 0.3.0 do not both have code (they share {shared})"
    )


@pytest.mark.parametrize("sm", [("90",), ("80", "90", "100"), ()])
def test_vllm_starts_if_it_has_code_or_if_nothing_is_known(sm: tuple[str, ...]) -> None:
    refuse_gpus(image(*sm))
