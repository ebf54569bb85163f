"""The content of constraints.txt, and its effect in pip and uv."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import uv

from raydock.builder.constraints import constraints
from raydock.compat.cuda_packages import MAJORS, cuda_names
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
LOCK12 = "nvidia-cublas-cu12==12.8.4.1\nray==2.60.0\ntorch==2.8.0\n"


def _lines(variant: Variant, lock: str) -> set[str]:
    return {line for line in constraints(variant, locks.parse(lock)).splitlines() if not line.startswith("#")}


def test_only_packages_that_must_not_change_are_pinned() -> None:
    pins = {line for line in _lines(CUDA13, LOCK) if "===" in line}
    free = ("certifi", "requests")
    locked = [line.replace("[default,serve]", "") for line in LOCK.splitlines() if not line.startswith(free)]
    assert pins == {line.replace("==", "===") for line in locked}


def test_packages_for_other_cudas_are_excluded_unless_the_lock_has_them() -> None:
    lines = _lines(CUDA13, LOCK)
    assert {"nvidia-cublas-cu12<0", "nvidia-cudnn-cu12<0", "nvidia-cudnn-cu11<0", "cupy-cuda12x<0"} <= lines
    assert not any(line.startswith("nvidia-cutlass-dsl-libs-cu12<") for line in lines)
    lines = _lines(CUDA12, LOCK12)
    assert {"nvidia-cublas<0", "nvidia-cublas-cu13<0", "cupy-cuda13x<0"} <= lines
    assert not any(line.startswith("nvidia-cublas-cu12<") for line in lines)


def test_well_known_packages_for_other_cudas_are_excluded_although_the_lock_has_none_of_them() -> None:
    names = ("cudf-cu{}", "jax-cuda{}-plugin", "tensorrt-cu{}", "tensorrt-cu{}-libs", "nvidia-dali-cuda{}0")
    for variant, lock, major in ((CUDA13, LOCK, 13), (CUDA12, LOCK12, 12)):
        lines = _lines(variant, lock)
        for other in MAJORS:
            excluded = {f"{name.format(other)}<0" for name in names}
            assert lines.isdisjoint(excluded) if other == major else excluded <= lines


def test_packages_with_the_version_of_cuda_are_of_the_major_of_the_image() -> None:
    assert {"cuda-python==13.*", "cuda-bindings==13.*", "nvidia-cuda-runtime==13.*"} <= _lines(CUDA13, LOCK)
    assert {"cuda-python==12.*", "cuda-bindings==12.*", "nvidia-cuda-runtime<0"} <= _lines(CUDA12, LOCK12)
    pinned = _lines(CUDA13, f"{LOCK}cuda-python==13.4.4\n")
    assert [line for line in pinned if line.startswith("cuda-python=")] == ["cuda-python===13.4.4"]


def test_packages_that_can_be_installed_for_two_cudas_are_allowed() -> None:
    lines = _lines(CUDA13, "torch==2.13.0\n")
    assert "nixl-cu12>=1.1" in lines
    assert not any(line.startswith("nvidia-cutlass-dsl-libs-") for line in lines)


def test_each_well_known_name_is_for_one_cuda() -> None:
    others = [set(cuda_names().known_for_others(major)) for major in MAJORS]
    assert not set.intersection(*others)
    assert len(set.union(*others)) > len(cuda_names().known)


def test_no_package_of_an_image_has_two_lines() -> None:
    for variant, lock in ((CUDA13, LOCK), (CUDA12, LOCK12)):
        lines = constraints(variant, locks.parse(lock)).splitlines()
        names = [line.partition("<")[0].partition("=")[0].partition(">")[0] for line in lines if line[0] != "#"]
        assert len(names) == len(set(names))


def test_a_cpu_image_can_get_any_torch() -> None:
    assert _lines(CPU, "ray==2.60.0\nclick==8.1\n") == {"ray===2.60.0"}


WHEELS: tuple[tuple[str, str, list[str]], ...] = (
    ("torch", "2.8.0", []),
    ("torch", "2.13.0", []),
    ("torch", "2.13.0+cpu", []),
    ("torch", "2.5.1+cu121", []),
    ("torch", "2.5.1+cpu", []),
    ("nvidia_cublas_cu12", "12.8.4.1", []),
    ("nvidia_cuda_runtime", "13.0.96", []),
    ("cudf_cu12", "26.10.2", []),
    ("jax_cuda12_plugin", "0.12.0", []),
    ("jax_cuda13_plugin", "0.12.0", []),
    ("nvidia_dali_cuda120", "2.4.0", []),
    ("cuda_python", "12.9.0", []),
    ("cuda_python", "13.4.4", []),
    ("nixl", "1.0.1", ["nixl-cu12==1.0.1"]),
    ("nixl", "1.3.2", ["nixl-cu12==1.3.2"]),
    ("nixl_cu12", "1.0.1", []),
    ("nixl_cu12", "1.3.2", []),
    ("old_torch_only", "1.0", ["torch==2.8.0"]),  # its requirement conflicts
    ("new_torch_only", "1.0", ["torch==2.13.0"]),
    ("needs_jax", "1.0", ["jax-cuda12-plugin"]),
)
Install = Callable[..., "tuple[int, str]"]


@pytest.fixture(scope="module")
def wheel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels."""
    folder = tmp_path_factory.mktemp("wheels")
    for project, version, requires in WHEELS:
        (folder / f"{project}-{version}-py3-none-any.whl").write_bytes(wheel(project, version, requires))
    return folder


@pytest.fixture
def install(wheel_folder: Path, tmp_path: Path) -> Install:
    """Run pip or uv with the constraints of a variant.

    Returns the exit status, and the output in one line, with `==` in place of `===` and without the word (constraint).
    A dry run installs into a folder of its own, otherwise the tool installs into the environment `python`.
    """
    programs = {"pip": [sys.executable, "-m", "pip"], "uv": [uv.find_uv_bin(), "pip"]}

    def run(
        tool: str, *requested: str, variant: Variant = CUDA13, lock: str = LOCK, python: Path | None = None
    ) -> tuple[int, str]:
        file = tmp_path / "constraints.txt"
        file.write_text(constraints(variant, locks.parse(lock)))
        options = ["--no-index", f"--find-links={wheel_folder}", f"--constraint={file}"]
        options += [] if python else ["--dry-run", f"--target={tmp_path / 'target'}"]
        of_pip = [f"--python={python}"] if python and tool == "pip" else []
        of_uv = [f"--python={python}"] if python and tool == "uv" else []
        command = [*programs[tool], *of_pip, "install", *of_uv, *options, *requested]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        printed = " ".join((done.stdout + done.stderr).split())
        return done.returncode, printed.replace(" (constraint) ", " ").replace("===", "==")

    return run


@pytest.mark.parametrize("tool", ["pip", "uv"])
@pytest.mark.parametrize(
    ("requested", "named"),
    [
        ("torch==2.8.0", "torch==2.13.0"),
        ("torch==2.13.0+cpu", "torch==2.13.0"),
        ("old-torch-only", "torch==2.8.0"),
        ("nvidia-cublas-cu12", "nvidia-cublas-cu12<0"),
        ("cudf-cu12", "cudf-cu12<0"),
        ("needs-jax", "jax-cuda12-plugin<0"),
        ("nvidia-dali-cuda120", "nvidia-dali-cuda120<0"),
        ("cuda-python<13", "cuda-python"),
        ("nixl==1.0.1", "nixl-cu12"),
    ],
)
def test_pip_and_uv_refuse_and_name_the_package(install: Install, tool: str, requested: str, named: str) -> None:
    status, printed = install(tool, requested)
    assert status, printed
    assert named in printed


@pytest.mark.parametrize("tool", ["pip", "uv"])
@pytest.mark.parametrize(
    ("requested", "named"),
    [
        ("cuda-python>=13", "cuda-python"),
        ("nvidia-cuda-runtime", "nvidia-cuda-runtime<0"),
    ],
)
def test_an_image_for_cuda_12_refuses_those_for_13(install: Install, tool: str, requested: str, named: str) -> None:
    status, printed = install(tool, requested, variant=CUDA12, lock=LOCK12)
    assert status, printed
    assert named in printed


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_pip_and_uv_install_what_belongs_to_the_image(install: Install, tool: str) -> None:
    status, printed = install(tool, "torch", "jax-cuda13-plugin", "cuda-python", "nixl", "new-torch-only")
    assert status == 0, printed
    chosen = printed.replace("==", "-").replace("_", "-")
    for package in ("torch-2.13.0", "jax-cuda13-plugin-0.12.0", "cuda-python-13.4.4", "nixl-cu12-1.3.2"):
        assert f"{package} " in f"{chosen} "
    status, printed = install(tool, "jax-cuda12-plugin", "cuda-python", variant=CUDA12, lock=LOCK12)
    assert status == 0, printed
    assert "cuda-python-12.9.0" in printed.replace("==", "-").replace("_", "-")


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_pinned_local_version_is_exactly_this_build(install: Install, tool: str) -> None:
    lock = "ray==2.60.0\ntorch==2.5.1+cu121\n"
    status, printed = install(tool, "torch==2.5.1", variant=CUDA12, lock=lock)
    assert status == 0, printed
    assert "2.5.1+cu121" in printed
    status, printed = install(tool, "torch==2.5.1+cpu", variant=CUDA12, lock=lock)
    assert status, printed
    assert "torch==2.5.1+cu121" in printed


def test_a_pinned_package_that_is_installed_stays(install: Install, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    subprocess.run([uv.find_uv_bin(), "venv", "-q", f"--python={sys.executable}", environment], check=True, timeout=60)
    python = environment / "bin" / "python"
    status, printed = install("uv", "torch", python=python)
    assert status == 0, printed
    for requested in ("torch", "torch==2.13.0"):
        status, printed = install("pip", requested, python=python)
        assert status == 0, printed
        assert "Requirement already satisfied: torch" in printed
        status, printed = install("uv", requested, python=python)
        assert status == 0, printed
        assert "Checked 1 package" in printed
