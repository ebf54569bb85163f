"""How the GPU checks judge measurements."""

import json
import sys
from pathlib import Path

import pytest

from raydock.probe import foreign_axes
from raydock.probe.answer import CheckError
from raydock.probe.gpu.cards import CARDS, UNKNOWN, Rate, card
from raydock.probe.gpu.nccl_level import bus_bandwidth
from raydock.probe.gpu.products import formats
from raydock.probe.gpu.ray_level import judge
from raydock.probe.gpu.tiny_model import CONFIG
from raydock.probe.gpu.torch_level import has_code, lowest


@pytest.mark.parametrize(
    ("built", "sm", "runs"),
    [
        (["sm_80", "sm_90"], 90, True),
        (["sm_80", "sm_86"], 89, True),
        (["sm_80"], 75, False),
        (["sm_80", "sm_90"], 100, False),
        (["sm_90a"], 90, True),
        (["sm_100a"], 103, False),
        (["sm_70", "compute_70"], 90, False),
        ([], 90, False),
    ],
)
def test_code_runs_on_gpus_of_its_major_version_and_an_equal_or_higher_minor(
    built: list[str], sm: int, runs: bool
) -> None:
    assert has_code(built, sm) is runs


def test_an_older_gpu_is_checked_only_in_the_formats_that_it_has() -> None:
    assert formats(75) == ["fp16", "fp32"]
    assert formats(80) == ["bf16", "fp16", "tf32", "fp32"]


@pytest.mark.parametrize(
    ("name", "memory", "bf16"),
    [
        ("NVIDIA H100 80GB HBM3", 3350, 989),
        ("NVIDIA H100 PCIe", 2000, 756),
        ("NVIDIA H100 NVL", 3900, 835),
        ("NVIDIA H200", 4800, 989),
        ("NVIDIA H200 NVL", 4800, 836),
        ("NVIDIA H20", 4000, 148),
        ("NVIDIA A100-SXM4-80GB", 2039, 312),
        ("NVIDIA A100 80GB PCIe", 1935, 312),
        ("NVIDIA A100-SXM4-40GB", 1555, 312),
        ("NVIDIA L40S", 864, 362),
        ("Tesla T4", 320, None),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", None, None),
        ("NVIDIA GeForce GT 1030", None, None),
    ],
)
def test_the_peaks_of_a_card_depend_on_its_name(name: str, memory: float | None, bf16: float | None) -> None:
    assert (card(name).memory, card(name).bf16) == (memory, bf16)


def test_every_card_has_its_peaks_and_the_file_its_source() -> None:
    document = json.loads(CARDS.read_text())
    assert document["source"]
    assert document["date"]
    for entry in document["cards"]:
        assert card(entry["name"].replace("*", "").replace("?", "1")) != UNKNOWN, entry


def test_less_than_half_of_a_peak_is_low_and_an_unknown_peak_is_not() -> None:
    assert Rate("copy", 1600, "GB/s", 3350).is_low
    assert not Rate("copy", 1700, "GB/s", 3350).is_low
    assert not Rate("copy", 1, "GB/s", None).is_low
    assert Rate("copy", 1600, "GB/s", 3350).text == "copy 1600 GB/s (48% of 3350)"
    assert Rate("copy", 1600, "GB/s", None).text == "copy 1600 GB/s (peak not known)"


def test_the_lowest_rate_of_several_gpus_is_reported() -> None:
    rates = [Rate("copy", 3000, "GB/s", None), Rate("bf16", 700, "TFLOP/s", 989), Rate("copy", 2000, "GB/s", None)]
    assert lowest(rates) == ["copy 2000 GB/s (peak not known)", "bf16 700 TFLOP/s (71% of 989)"]


def test_bus_bandwidth_is_computed_as_in_nccl_tests() -> None:
    ranks = [{"bytes": 10**9, "seconds": 0.01}, {"bytes": 10**9, "seconds": 0.02}]
    assert bus_bandwidth(ranks) == pytest.approx(50.0)  # 1 GB in 0.02 s, times 2 (2 - 1) / 2
    assert bus_bandwidth([*ranks, *ranks]) == pytest.approx(75.0)


def test_ray_that_counts_and_assigns_every_gpu_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _: "2.60.0")
    assert judge(1, [["a"]], ["a"]) == "Ray 2.60.0 counts 1 GPU; a task with num_gpus=1 sees only it"
    assert judge(2, [["b"], ["a"]], ["a", "b"]) == "Ray 2.60.0 counts 2 GPUs; each task sees a different one"


@pytest.mark.parametrize(
    ("counted", "seen", "message"),
    [
        (0, [], "Ray counts 0 GPUs, and the driver shows 2: it reads libnvidia-ml.so.1"),
        (1, [["a"]], "Ray counts 1 GPUs, and the driver shows 2"),
        (2, [["a", "b"], ["a", "b"]], "a task with num_gpus=1 sees 2 GPUs in place of one"),
        (2, [["a"], ["a"]], "2 tasks with num_gpus=1 see 1 different GPUs in place of 2"),
    ],
)
def test_wrong_counts_and_tasks_of_ray_are_named(counted: int, seen: list[list[str]], message: str) -> None:
    with pytest.raises(CheckError, match=message):
        judge(counted, seen, ["a", "b"])


def test_the_tiny_models_heads_fit_attention_kernels() -> None:
    hidden, heads = CONFIG["hidden_size"], CONFIG["num_attention_heads"]
    assert isinstance(hidden, int)
    assert isinstance(heads, int)
    assert hidden // heads == 64


def test_the_axes_of_a_foreign_image_are_read_without_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise SystemExit('imported')")
    (tmp_path / "torch" / "version.py").write_text("cuda: Optional[str] = '13.0'\nhip = None\n")
    info = tmp_path / "torch-2.11.0+cu130.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.11.0+cu130\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    axes = foreign_axes.read_axes()
    assert (axes["torch"], axes["cuda"], axes["ray"], axes["python"]) == ("2.11.0", "13.0", "none", python)
    (tmp_path / "torch" / "version.py").write_text("cuda: Optional[str] = None\n")
    assert foreign_axes.read_axes()["cuda"] == "cpu"
