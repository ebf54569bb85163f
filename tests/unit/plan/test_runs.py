import pytest

from raydock.model.variant import parse_name
from raydock.plan.planner import Plan
from raydock.plan.runs import code_for, driver_objection, gpu_objection, older, own_driver

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


def test_what_is_not_known_is_an_objection() -> None:
    variant = parse_name("ray2.60.0-torch9.0.0-py311-cu200")
    assert driver_objection(variant, "", "999.99") == "no driver is known for CUDA 20.0"
    assert gpu_objection(variant, (), 90) == "no sm list is known for torch 9.0.0 with CUDA 20.0"


def test_the_driver_of_a_toolkit() -> None:
    assert (own_driver("12.8"), own_driver("cpu")) == ("570.26", "")
