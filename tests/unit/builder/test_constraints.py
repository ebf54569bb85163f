"""The content of constraints.txt, and its effect in pip and uv."""

import subprocess
import sys
from pathlib import Path

import pytest
import uv

from raydock.builder.constraints import constraints
from raydock.model import lock as locks
from raydock.model.variant import Variant, parse_name
from tests.support.wheels import wheel

CUDA13 = parse_name("ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130")
CUDA12 = parse_name("ray2.60.0-torch2.8.0-py311-cu128")
CPU = parse_name("ray2.60.0-py311-cpu")
LOCK = """\
certifi==2026.1.1
nvidia-cublas==13.1.0.3
nvidia-cudnn-cu13==9.20.0
nvidia-cutlass-dsl-libs-cu12==4.8.0
nvidia-cutlass-dsl-libs-cu13==4.8.0
ray[default,serve]==2.60.0
requests==2.34.2
torch==2.13.0
triton==3.7.1
vllm==0.32.0
"""


def _lines(variant: Variant, lock: str) -> set[str]:
    return {line for line in constraints(variant, locks.parse(lock)).splitlines() if not line.startswith("#")}


def test_only_packages_that_must_not_change_are_pinned() -> None:
    pins = {line for line in _lines(CUDA13, LOCK) if "==" in line}
    free = ("certifi", "requests")
    assert pins == {line.replace("[default,serve]", "") for line in LOCK.splitlines() if not line.startswith(free)}


def test_packages_for_other_cudas_are_excluded_unless_the_lock_has_them() -> None:
    lines = _lines(CUDA13, LOCK)
    assert {"nvidia-cublas-cu12<0", "nvidia-cudnn-cu12<0", "nvidia-cudnn-cu11<0", "cupy-cuda12x<0"} <= lines
    assert not any(line.startswith("nvidia-cutlass-dsl-libs-cu12<") for line in lines)
    lines = _lines(CUDA12, "nvidia-cublas-cu12==12.8.4.1\ntorch==2.8.0\n")
    assert {"nvidia-cublas<0", "nvidia-cublas-cu13<0", "cupy-cuda13x<0"} <= lines
    assert not any(line.startswith("nvidia-cublas-cu12<") for line in lines)


def test_a_cpu_image_can_get_any_torch() -> None:
    assert _lines(CPU, "ray==2.60.0\nclick==8.1\n") == {"ray==2.60.0"}


@pytest.mark.parametrize("tool", ["pip", "uv"])
@pytest.mark.parametrize(
    ("requested", "named"),
    [
        ("torch==2.8.0", "torch==2.13.0"),
        ("nvidia-cublas-cu12", "nvidia-cublas-cu12<0"),
        ("old-torch-only", "torch==2.13.0"),  # its requirement conflicts
    ],
)
def test_pip_and_uv_refuse_and_name_the_package(tmp_path: Path, tool: str, requested: str, named: str) -> None:
    for project, version, requires in (
        ("torch", "2.8.0", []),
        ("torch", "2.13.0", []),
        ("nvidia_cublas_cu12", "12.8.4.1", []),
        ("old_torch_only", "1.0", ["torch==2.8.0"]),
    ):
        (tmp_path / f"{project}-{version}-py3-none-any.whl").write_bytes(wheel(project, version, requires))
    file = tmp_path / "constraints.txt"
    file.write_text(constraints(CUDA13, locks.parse(LOCK)))
    programs = {"pip": [sys.executable, "-m", "pip"], "uv": [uv.find_uv_bin(), "pip"]}
    options = ["install", "--dry-run", "--no-index", f"--find-links={tmp_path}", f"--constraint={file}"]
    options += ["--target", str(tmp_path / "target")]
    done = subprocess.run(
        [*programs[tool], *options, requested], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode, done.stdout
    printed = " ".join((done.stdout + done.stderr).split())
    assert named in printed.replace(" (constraint) ", " ")
