"""Forward compatibility is offered where NVIDIA supports it, and nowhere else."""

import pytest

from raydock.ship.host import Gpu, Host, parse
from raydock.ship.pick import pick
from tests.unit.ship.conftest import Made

A100 = Host(name="gpu01", driver="535.104.05", gpus=(Gpu(80, "NVIDIA A100-SXM4-80GB"),))


def hints(text: str, offered: Made) -> str:
    host = parse(text, "gpu01")["gpu01"]
    assert isinstance(host, Host)
    return " ".join(pick([host], offered()).hints)


@pytest.mark.parametrize(
    "text",
    [
        "535.104.05, 7.5, Tesla T4",
        "535.104.05, 8.0, NVIDIA A100-SXM4-80GB",
        "535.104.05, 8.0, NVIDIA A100 80GB PCIe",
        "535.104.05, 8.0, NVIDIA A100-SXM4-40GB MIG 1g.5gb",
        "570.133.20, 8.9, NVIDIA L4",
        "570.133.20, 9.0, NVIDIA H200",
        "570.133.20, 10.0, NVIDIA B200",
    ],
)
def test_offered_on_data_centre_gpus(offered: Made, text: str) -> None:
    told = hints(text, offered)
    assert "ray2.60.0-vllm0.32.0-torch2.13.0-py313-cu130" in told
    assert "cuda-compat-13-0" in told
    assert "580.65.06" in told


@pytest.mark.parametrize(
    "text",
    [
        "535.104.05, 8.9, NVIDIA GeForce RTX 4090",
        "535.104.05, 8.6, NVIDIA RTX A6000",
        "535.104.05, 7.5, GRID T4-16Q",
        "535.104.05, 8.0, NVIDIA A100-40C",
        "535.104.05, 8.0, NVIDIA A100-SXM4-80GB\n535.104.05, 8.6, NVIDIA RTX A6000",
        "560.35.03, 8.0, NVIDIA A100-SXM4-80GB",  # a branch past its end of life
        "535.104.05, 7.0, Tesla V100-SXM2-16GB",  # no code for it in the newer image
        "580.65.06, 9.0, NVIDIA H100 PCIe",  # nothing newer to offer
    ],
)
def test_not_offered_elsewhere(offered: Made, text: str) -> None:
    assert hints(text, offered) == ""


def test_not_offered_for_what_the_driver_runs_as_it_is(offered: Made) -> None:
    built = "ray2.49.1-torch2.8.0-py313-cu128"
    answer = pick([A100], offered(built, selectors=("cuda=12.8",)))
    assert answer.candidate
    assert answer.candidate.name == built
    assert answer.rejected
    assert answer.hints == ()


def test_never_changes_what_is_picked(offered: Made) -> None:
    picked = {
        name: pick([host], offered()).candidate
        for name, host in parse("dc: 535.104.05, 8.0, NVIDIA A100-PCIE-40GB\nws: 535.104.05, 8.0, Unnamed", "").items()
        if isinstance(host, Host)
    }
    assert picked["dc"] == picked["ws"] is not None
