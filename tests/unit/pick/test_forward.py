"""Forward compatibility: offered if NVIDIA supports it, used if the user accepts it."""

from dataclasses import replace

import pytest

from raydock.compat.gpu_names import known
from raydock.pick.forward import forward
from raydock.pick.nvidia_smi import Gpu, GpuHost, parse
from raydock.pick.pick import pick
from tests.unit.pick.conftest import Made

A100 = GpuHost(name="gpu01", driver="535.104.05", gpus=(Gpu(80, "NVIDIA A100-SXM4-80GB"),))


def forward_hints(host: GpuHost, offered: Made) -> list[str]:
    """Return the hints of a pick, except those on its compiler."""
    return [hint for hint in pick([host], offered()).hints if "nvcc" not in hint]


def hints(text: str, offered: Made) -> str:
    host = parse(text, "gpu01")["gpu01"]
    assert isinstance(host, GpuHost)
    return " ".join(forward_hints(host, offered))


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
    hint = hints(text, offered)
    assert "ray2.60.0-vllm0.32.0-torch2.13.0-py313-cu130" in hint
    assert "cuda-compat-13-0" in hint
    assert "580.65.06" in hint


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
def test_not_offered_on_other_gpus_and_drivers(offered: Made, text: str) -> None:
    assert hints(text, offered) == ""


def test_not_offered_for_images_that_the_driver_runs_without_it(offered: Made) -> None:
    built = "ray2.49.1-torch2.8.0-py313-cu128"
    answer = pick([A100], offered(built, selectors=("cuda=12.8",)))
    assert answer.candidate
    assert answer.candidate.name == built
    assert answer.rejected
    assert answer.hints == ()


def test_refused_by_default(offered: Made) -> None:
    picked = {
        name: pick([host], offered()).candidate
        for name, host in parse("dc: 535.104.05, 8.0, NVIDIA A100-PCIE-40GB\nws: 535.104.05, 8.0, Unnamed", "").items()
        if isinstance(host, GpuHost)
    }
    assert picked["dc"] == picked["ws"] is not None
    [hint] = forward_hints(A100, offered)
    assert "which is refused unless you accept it: --forward-compat, or `forward-compat: true`" in hint
    assert "NVIDIA_DISABLE_REQUIRE, since the image's NVIDIA_REQUIRE_CUDA refuses that driver" in hint


def test_if_accepted_the_newer_image_is_picked_with_a_hint(offered: Made) -> None:
    answer = pick([replace(A100, forward_compat=True)], offered())
    assert answer.candidate
    assert answer.candidate.name == "ray2.60.0-vllm0.32.0-torch2.13.0-py313-cu130"
    assert answer.why[0] == "driver 535.104.05 < 580.65.06 needed by CUDA 13.0, by forward compatibility"
    [hint] = answer.hints
    assert "cuda-compat-13-0 on the host" in hint
    assert "refused unless you accept it" not in hint


@pytest.mark.parametrize(
    "host",
    [
        GpuHost(name="ws", driver="535.104.05", gpus=(Gpu(89, "NVIDIA GeForce RTX 4090"),)),
        GpuHost(name="old", driver="560.35.03", gpus=(Gpu(80, "NVIDIA A100-SXM4-80GB"),)),
        GpuHost(
            name="stated", driver="535.104.05", gpus=(Gpu(80),)
        ),  # without a name it is not known to be a data-centre GPU
        GpuHost(name="none"),
    ],
)
def test_acceptance_changes_nothing_for_hosts_that_do_not_qualify(offered: Made, host: GpuHost) -> None:
    before, after = (pick([replace(host, forward_compat=accepted)], offered()) for accepted in (False, True))
    assert after == before


def test_each_host_is_accepted_separately(offered: Made) -> None:
    """A newer image is picked for all hosts only if each has a new enough driver or accepts forward compatibility."""
    new = GpuHost(name="gpu02", driver="580.95.05", gpus=(Gpu(90, "NVIDIA H100 PCIe"),))
    refused = pick([A100, new], offered())
    assert refused.candidate
    assert refused.candidate.variant.cuda == "12.8"
    assert "accept it" in refused.hints[0]
    accepted = pick([replace(A100, forward_compat=True), new], offered())
    assert accepted.candidate
    assert accepted.candidate.variant.cuda == "13.0"
    assert pick([A100, replace(new, forward_compat=True)], offered()) == refused


def test_the_branches_are_older_than_the_toolkits_own_driver() -> None:
    found = forward("13.0")
    assert found
    assert found.branches == (535, 570)
    assert (found.package, found.folder) == ("cuda-compat-13-0", "/usr/local/cuda-13.0/compat")
    assert forward("12.1") is None
    assert forward("cpu") is None


def test_every_product_is_a_data_centre_gpu() -> None:
    names = known()
    assert names.products
    assert all(names.is_data_centre(product) for product in names.products)
