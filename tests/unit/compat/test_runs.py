import pytest

from raydock.compat.gpucode import code_for
from raydock.compat.runs import (
    driver_objection,
    gpu_doubt,
    gpu_objection,
    gpus_in_json,
    gpus_text,
    older,
    own_driver,
)
from raydock.model.variant import parse_name
from raydock.plan.planner import Plan

OLD, NEW = "ray2.60.0-torch2.8.0-py311-cu128", "ray2.60.0-torch2.13.0-py311-cu130"


@pytest.mark.parametrize(
    ("driver", "other", "expected"),
    [
        ("535.104.05", "580.65.06", True),
        ("580.65.06", "580.65.06", False),
        ("525.60.13", "525.125.06", True),  # 60 < 125: not as text
        ("570.26", "570.124.06", True),
    ],
)
def test_drivers_are_compared_part_by_part(driver: str, other: str, expected: bool) -> None:
    assert older(driver, other) is expected


@pytest.mark.parametrize(
    ("name", "gpu", "code"),
    [
        (NEW, 70, None),  # V100
        (NEW, 75, 75),  # T4
        (NEW, 80, 80),  # A100
        (NEW, 86, 86),  # A10
        (NEW, 89, 86),  # L4, RTX 4090: code for 8.6 and not for 8.0, the older of the two that it runs
        (NEW, 90, 90),  # H100
        (NEW, 100, 100),  # B200
        (NEW, 103, 100),  # B300
        (NEW, 120, 120),  # RTX PRO 6000 Blackwell
        (NEW, 121, 120),  # GB10
        (NEW, 87, None),  # Orin: Tegra runs no code of 8.6
        (NEW, 110, None),  # Thor
        (OLD, 70, 70),
        (OLD, 61, None),  # P40
    ],
)
def test_code_runs_on_its_major_version_from_its_minor_on(plan: Plan, name: str, gpu: int, code: int | None) -> None:
    (item,) = (item for item in plan.variants if item.name == name)
    assert code_for(item.sm, gpu) == code
    assert bool(gpu_objection(item.variant, item.sm, gpu)) is (code is None)


def test_code_of_a_higher_minor_version_does_not_run() -> None:
    assert code_for([86], 80) is None


def test_objections_name_both_sides() -> None:
    variant = parse_name(NEW)
    assert driver_objection(variant, "580.65.06", "535.104.05") == "driver 535.104.05 < 580.65.06 needed by CUDA 13.0"
    assert gpu_objection(variant, (75, 80), 70) == "sm_70 not in torch 2.13.0's list 75 80"


def test_a_cuda_without_a_known_driver_is_an_objection() -> None:
    variant = parse_name("ray2.60.0-torch9.0.0-py311-cu200")
    assert driver_objection(variant, "", "999.99") == "no driver is known for CUDA 20.0"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("ray2.60.0-torch9.0.0-py311-cu200", "torch 9.0.0 for CUDA 20.0"),
        ("ray2.60.0-torch2.9.1-py311-cu126", "torch 2.9.1 for CUDA 12.6"),
        ("ray2.9.3-vllm0.4.3-torch2.3.0-py311-cu118", "torch 2.3.0 or vllm 0.4.3 for CUDA 11.8"),
    ],
)
def test_an_unknown_list_is_a_doubt_and_no_objection(name: str, parts: str) -> None:
    variant = parse_name(name)
    assert gpu_objection(variant, (), 80) == ""
    assert (
        gpu_doubt(variant, ()) == f"it is unknown for which GPUs {parts} was built: `gpus` in matrix.yaml can state it"
    )
    assert gpus_text(variant, ()) == "unknown"
    assert gpus_in_json(variant, ()) is None


def test_no_doubt_without_cuda_or_with_a_list() -> None:
    assert gpu_doubt(parse_name("ray2.60.0-py311-cpu"), ()) == ""
    assert gpu_doubt(parse_name(NEW), (80,)) == ""
    assert (gpus_text(parse_name("ray2.60.0-py311-cpu"), ()), gpus_text(parse_name(NEW), (80,))) == ("-", "80")
    assert (gpus_in_json(parse_name("ray2.60.0-py311-cpu"), ()), gpus_in_json(parse_name(NEW), (80,))) == ([], [80])


@pytest.mark.parametrize(
    ("cuda", "gpu", "refused"),
    [
        ("cu118", 37, False),
        ("cu118", 60, False),
        ("cu118", 100, True),
        ("cu126", 60, False),
        ("cu126", 35, True),
        ("cu126", 120, True),
        ("cu128", 120, False),
        ("cu132", 70, True),
        ("cu132", 75, False),
        ("cu200", 35, False),  # CUDA 20 is unknown
    ],
)
def test_an_unknown_build_has_no_code_that_its_toolkit_cannot_compile(cuda: str, gpu: int, refused: bool) -> None:
    variant = parse_name(f"ray2.60.0-torch9.0.0-py311-{cuda}")
    assert bool(gpu_objection(variant, (), gpu)) is refused


@pytest.mark.parametrize(("gpu", "refused"), [(60, True), (61, True), (70, False), (80, False)])
def test_no_unknown_build_of_vllm_is_for_a_gpu_below_volta(gpu: int, refused: bool) -> None:
    variant = parse_name("ray2.9.3-vllm0.5.0-torch2.3.0-py311-cu118")
    message = f"sm_{gpu} older than sm_70, the oldest that vllm compiles for"
    assert gpu_objection(variant, (), gpu) == (message if refused else "")


def test_an_objection_names_the_owner_of_the_list() -> None:
    both = parse_name("ray2.49.1-vllm0.3.0-torch2.1.2-py311-cu121")
    assert gpu_objection(both, (70, 80), 60) == "sm_60 not in torch 2.1.2's and vllm 0.3.0's common list 70 80"
    assert gpu_objection(parse_name(NEW), (75, 80), 70) == "sm_70 not in torch 2.13.0's list 75 80"


def test_the_driver_of_a_toolkit() -> None:
    assert (own_driver("12.8"), own_driver("cpu")) == ("570.26", "")
