from dataclasses import replace

import pytest

from raydock.compat.hardware import Hardware
from raydock.core.errors import HostError
from raydock.model.labels import ImageLabels, Label
from raydock.pick.nvidia_smi import GpuHost, parse, stated
from raydock.pick.pick import Pick, pick, pick_each
from raydock.publish.variant_image import VariantImage
from tests.unit.pick.conftest import Made

VLLM_NEW = "ray2.60.0-vllm0.32.0-torch2.13.0-py313-cu130"
VLLM_OLD = "ray2.60.0-vllm0.10.2-torch2.8.0-py313-cu128"
TORCH_NEW = "ray2.60.0-torch2.13.0-py313-cu130"
TORCH_OLD = "ray2.60.0-torch2.8.0-py313-cu128"
CPU = "ray2.60.0-py313-cpu"


def host(text: str, name: str = "gpu01") -> GpuHost:
    parsed = parse(text, name)[name]
    assert isinstance(parsed, GpuHost), parsed
    return parsed


def name_of(answer: Pick) -> str | None:
    return answer.candidate.name if answer.candidate else None


def reason(answer: Pick, name: str) -> str:
    return answer.rejected[name]


@pytest.mark.parametrize(
    ("text", "picked"),
    [
        ("535.104.05, 7.5, Tesla T4", VLLM_OLD),
        ("580.95.05, 7.5, Tesla T4", VLLM_NEW),
        ("580.95.05, 7.0, Tesla V100-SXM2-16GB", VLLM_OLD),
        ("535.104.05, 8.0, NVIDIA A100-SXM4-40GB", VLLM_OLD),
        ("570.133.20, 8.9, NVIDIA L4", VLLM_OLD),
        ("580.65.06, 8.9, NVIDIA L4", VLLM_NEW),
        ("580.159.04, 9.0, NVIDIA H100 80GB HBM3", VLLM_NEW),
        ("575.57.08, 9.0, NVIDIA H200", VLLM_OLD),
        ("590.44.01, 10.0, NVIDIA B200", VLLM_NEW),
        ("590.44.01, 10.3, NVIDIA B300 SXM6 AC", VLLM_NEW),
        ("565.57.01, 8.9, NVIDIA GeForce RTX 4090", VLLM_OLD),
        ("580.95.05, 12.0, NVIDIA GeForce RTX 5090", VLLM_NEW),
        ("580.95.05, 7.0, Tesla V100-PCIE-32GB\n580.95.05, 8.0, NVIDIA A100-PCIE-40GB", VLLM_OLD),
        ("580.95.05, 8.0, NVIDIA A100-SXM4-80GB MIG 1g.10gb", VLLM_NEW),
        ("No devices were found", CPU),
    ],
)
def test_the_newest_of_the_plan_for_real_hosts(offered: Made, text: str, picked: str) -> None:
    assert name_of(pick([host(text)], offered())) == picked


def test_packages_of_a_group_do_not_make_a_variant_newer(offered: Made) -> None:
    plain = "ray2.60.0-torch2.13.0-py311-cu130"
    alike = [candidate for candidate in offered() if candidate.name.startswith(plain)]
    assert len(alike) == 2
    answer = pick([host("580.65.06, 8.9, NVIDIA L4")], alike)
    assert (name_of(answer), answer.rejected) == (plain, {})


def test_each_newer_variant_has_its_reason(offered: Made) -> None:
    answer = pick([host("535.104.05, 7.0, Tesla V100-SXM2-16GB")], offered())
    assert list(answer.rejected) == [VLLM_NEW, VLLM_NEW.replace("py313", "py311")]
    assert reason(answer, VLLM_NEW) == (
        "driver 535.104.05 < 580.65.06 needed by CUDA 13.0; "
        "sm_70 not in torch 2.13.0's and vllm 0.32.0's common list 75 80 86 90 100 120"
    )


def test_why_has_the_kind_of_compatibility(offered: Made) -> None:
    answer = pick([host("535.104.05, 8.9, NVIDIA L4")], offered())
    assert answer.why == (
        "driver 535.104.05 >= 525.60.13 needed by CUDA 12.8 "
        "(minor-version compatibility; PTX of CUDA 12.8 needs 570.26)",
        "NVIDIA L4 (sm_89) runs the code for sm_86 of torch 2.8.0's and vllm 0.10.2's common list",
    )


def test_a_built_image_is_preferred_to_a_newer_planned_one(offered: Made) -> None:
    answer = pick([stated("host", "580.65.06", ["9.0"])], offered(TORCH_OLD))
    assert name_of(answer) == TORCH_OLD
    assert answer.candidate
    assert answer.digest == answer.candidate.id
    assert reason(answer, VLLM_NEW) == "it is not built"


def test_if_no_built_image_runs_a_planned_one_is_picked(offered: Made) -> None:
    answer = pick([stated("host", "535.104.05", ["8.0"])], offered(TORCH_NEW, CPU))
    assert answer.candidate
    assert (answer.candidate.name, answer.candidate.state, answer.digest) == (VLLM_OLD, "planned", None)


def test_a_built_image_is_compared_by_its_labels(offered: Made) -> None:
    (built,) = offered(TORCH_OLD, selectors=(f"name={TORCH_OLD}",))
    (planned,) = offered(selectors=(f"name={TORCH_OLD}",))
    assert (built.min_driver, built.labels.sm) == (planned.min_driver, planned.labels.sm)


def test_a_host_with_gpus_gets_cpu_only_if_no_selected_variant_has_cuda(offered: Made) -> None:
    h100 = stated("host", "580.65.06", ["9.0"])
    assert name_of(pick([h100], offered(groups=("quickstart",)))) == CPU
    assert name_of(pick([h100], offered(CPU, selectors=("ray=2.60.0,vllm=none",)))) == TORCH_NEW


def test_groups_limit_the_candidates(offered: Made) -> None:
    h100 = stated("host", "580.65.06", ["9.0"])
    assert name_of(pick([h100], offered(groups=("train",)))) == TORCH_NEW
    assert name_of(pick([h100], offered(groups=("serve",)))) == VLLM_NEW


def test_the_error_for_a_driver_too_old_for_all_has_the_oldest_accepted_one(offered: Made) -> None:
    answer = pick([host("470.256.02, 7.5, Tesla T4")], offered())
    assert answer.candidate is None
    assert "The oldest driver of those with code for these GPUs is 525.60.13." in str(answer.error)
    assert "update the driver" in str(answer.error)
    assert reason(answer, VLLM_OLD) == "driver 470.256.02 < 525.60.13 needed by CUDA 12.8"
    assert reason(answer, CPU) == "it has no CUDA and would leave the GPUs idle"
    assert len(answer.rejected) == len(offered())


def test_no_driver_is_advised_if_none_helps(offered: Made) -> None:
    answer = pick([host("470.256.02, 6.0, Tesla P100-PCIE-16GB")], offered())
    assert answer.error is not None
    assert "driver of those" not in str(answer.error)
    assert answer.error.todo.startswith("use a different --select")


def test_an_unknown_gpu_runs_nothing(offered: Made) -> None:
    answer = pick([stated("host", "610.43.02", ["15.0"])], offered())
    assert answer.candidate is None
    assert "update the driver" not in str(answer.error)
    assert "sm_150 not in torch" in reason(answer, VLLM_NEW)


def for_gpus(image: VariantImage, sm: tuple[int, ...]) -> VariantImage:
    """Return the image with code for these GPUs only."""
    return replace(image, labels=ImageLabels({**image.labels.values, Label.SM: " ".join(map(str, sm))}))


@pytest.mark.parametrize(
    ("text", "picked"),
    [
        ("535.183.01, 6.0, Tesla P100-PCIE-16GB", "ray2.49.1-torch2.1.2-py311-cu121"),
        ("535.183.01, 6.1, Tesla P40", "ray2.49.1-torch2.1.2-py311-cu121"),
        ("535.183.01, 7.0, Tesla V100-PCIE-16GB", "ray2.49.1-vllm0.3.0-torch2.1.2-py311-cu121"),
    ],
)
def test_a_gpu_below_volta_gets_no_vllm(offered: Made, text: str, picked: str) -> None:
    (legacy,) = offered(groups=("legacy",))
    torch = replace(legacy.variant, vllm="none")
    alone = replace(for_gpus(legacy, Hardware().sm(torch)), variant=torch)
    answer = pick([host(text)], [legacy, alone])
    assert name_of(answer) == picked
    if "vllm" not in picked:
        assert reason(answer, legacy.name).endswith("not in torch 2.1.2's and vllm 0.3.0's common list 70 75 80 86 90")


def test_an_image_for_unknown_gpus_is_picked_if_nothing_else_runs(offered: Made) -> None:
    known, new = offered(selectors=(f"name={TORCH_OLD}", f"name={TORCH_NEW}"))
    unknown = for_gpus(new, ())
    doubt = "it is unknown for which GPUs torch 2.13.0 for CUDA 13.0 was built: `gpus` in matrix.yaml can state it"
    a100 = host("580.95.05, 8.0, NVIDIA A100-SXM4-80GB")
    both = pick([a100], [unknown, known])
    assert (name_of(both), reason(both, TORCH_NEW)) == (TORCH_OLD, doubt)
    alone = pick([a100], [unknown])
    assert name_of(alone) == TORCH_NEW
    assert alone.why[-1] == doubt
    too_old = pick([host("580.95.05, 7.0, Tesla V100-SXM2-16GB")], [unknown])
    assert reason(too_old, TORCH_NEW) == "sm_70 not among the GPUs that CUDA 13.0 compiles for"


def test_a_host_without_a_gpu_runs_no_image_with_cuda(offered: Made) -> None:
    answer = pick([stated("host", "", ["none"])], offered(groups=("serve",)))
    assert answer.candidate is None
    assert reason(answer, VLLM_NEW) == "it needs an NVIDIA GPU, and the host has none"


def test_a_lost_gpu_has_a_hint(offered: Made) -> None:
    assert any("lost it" in hint for hint in pick([host("No devices were found")], offered()).hints)
    assert pick([stated("host", "", ["none"])], offered()).hints == ()


@pytest.mark.parametrize("name", ["NVIDIA GH200 480GB", "NVIDIA GB200"])
def test_no_amd64_image_runs_with_an_arm_cpu(offered: Made, name: str) -> None:
    answer = pick([host(f"580.95.05, 9.0, {name}")], offered())
    assert answer.candidate is None
    assert reason(answer, VLLM_NEW) == f"it is for amd64, and {name} is attached to an Arm CPU"


def test_several_hosts_get_a_pick_each_and_one_for_all(offered: Made) -> None:
    hosts = {
        "gpu01": host("580.95.05, 9.0, NVIDIA H100 PCIe", "gpu01"),
        "gpu02": host("535.104.05, 8.0, NVIDIA A100-PCIE-40GB", "gpu02"),
    }
    each, together = pick_each(hosts, offered())
    assert {name: name_of(answer) for name, answer in each.items()} == {"gpu01": VLLM_NEW, "gpu02": VLLM_OLD}
    assert together
    assert name_of(together) == VLLM_OLD
    assert reason(together, VLLM_NEW) == "gpu02: driver 535.104.05 < 580.65.06 needed by CUDA 13.0"


def test_many_hosts_with_one_reason_are_counted(offered: Made) -> None:
    hosts = [host("535.104.05, 8.0, NVIDIA A100-PCIE-40GB", f"gpu{number}") for number in range(1, 9)]
    reasons = reason(pick(hosts, offered()), VLLM_NEW)
    assert reasons == "gpu1, gpu2, gpu3, 5 more: driver 535.104.05 < 580.65.06 needed by CUDA 13.0"


def test_hosts_with_and_without_gpus_share_a_cpu_image(offered: Made) -> None:
    hosts = {"gpu01": host("580.95.05, 9.0, NVIDIA H200", "gpu01"), "cpu01": stated("cpu01", "", ["none"])}
    each, together = pick_each(hosts, offered())
    assert together
    assert [name_of(answer) for answer in (*each.values(), together)] == [VLLM_NEW, CPU, CPU]


def test_with_a_host_that_cannot_be_read_there_is_no_pick_for_all(offered: Made) -> None:
    each, together = pick_each({"gpu01": stated("gpu01", "580.65.06", ["9.0"]), "gpu02": HostError("what?")}, offered())
    assert name_of(each["gpu01"]) == VLLM_NEW
    assert str(each["gpu02"].error) == "what?"
    assert together
    assert "the output of gpu02 is not valid" in str(together.error)


def test_one_host_has_no_pick_for_all(offered: Made) -> None:
    assert pick_each({"host": stated("host", "580.65.06", ["9.0"])}, offered())[1] is None


def test_a_pick_with_vllm_and_no_compiler_has_a_hint(offered: Made) -> None:
    [hint] = pick([stated("host", "535.104.05", ["7.0"])], offered()).hints
    assert "it has no nvcc, because CUDA 12.8 has no package of it" in hint
    assert not any("nvcc" in hint for hint in pick([stated("host", "580.65.06", ["9.0"])], offered()).hints)
