from dataclasses import replace

import pytest

from raydock.compat.cuda_packages import build_of, cuda_names, is_built_for, torch_of
from raydock.core.errors import VariantError
from raydock.lock.artifacts import Artifact
from raydock.lock.checks import verify
from raydock.lock.request import LockRequest, create_request
from raydock.model.variant import Variant
from raydock.plan.rules.verdict import RuleInputs


@pytest.fixture
def lock_request(rule_inputs: RuleInputs) -> LockRequest:
    return create_request(rule_inputs, Variant(ray="2.60.0", python="3.13", cuda="13.0", torch="2.13.0"))


def artifact(project: str, version: str, *, python: str = ">=3.10", yanked: bool = False) -> Artifact:
    name = f"{project}-{version}-py3-none-any.whl"
    return Artifact(
        project=project, version=version, filename=name, sha256="0", size=1, requires_python=python, yanked=yanked
    )


@pytest.mark.parametrize(
    ("pin", "message"),
    [
        (artifact("xformers", "1.0", python="<3.13"), "xformers 1.0 is for Python <3.13, not 3.13"),
        (artifact("click", "8.2.2", yanked=True), "click 8.2.2 was yanked by its author"),
        (artifact("cuda-python", "12.6.2.post1"), "cuda-python 12.6.2.post1 is not within cuda-python==13.*"),
        (artifact("cupy-cuda12x", "13.0"), "cupy-cuda12x 13.0 is for CUDA 12, and the variant for CUDA 13.0"),
        (artifact("nvidia-cublas-cu12", "12.8.4.1"), "is for CUDA 12"),
        (artifact("nvidia-cuda-runtime", "14.0"), "cuda-major: nvidia-cuda-runtime 14.0 is for CUDA 14"),
        (artifact("torch", "2.13.0+cu126"), "torch 2.13.0+cu126 is a different build than 2.13.0"),
        (artifact("nixl-cu12", "1.0.1"), "cuda-major: nixl-cu12 1.0.1 is for CUDA 12, and the variant for CUDA 13.0"),
        (artifact("tensorrt-cu12-libs", "10.3.0"), "tensorrt-cu12-libs 10.3.0 is for CUDA 12"),
        (artifact("jax-cuda12-plugin", "0.6.0"), "jax-cuda12-plugin 0.6.0 is for CUDA 12"),
        (artifact("nvidia-dali-cuda120", "1.40.0"), "nvidia-dali-cuda120 1.40.0 is for CUDA 12"),
        (artifact("torchvision", "0.28.0+cpu"), "cuda-build: torchvision 0.28.0+cpu is built for cpu"),
        (artifact("flash-attn", "2.8.3+cu12torch2.13"), "flash-attn 2.8.3+cu12torch2.13 is built for CUDA 12"),
    ],
)
def test_a_pin_that_would_not_run_is_refused(lock_request: LockRequest, pin: Artifact, message: str) -> None:
    good = artifact("ray", "2.60.0", python=">=3.9,<3.15")
    with pytest.raises(VariantError) as caught:
        verify(lock_request, [good, pin])
    assert message in caught.value.what
    assert "ray" not in caught.value.what
    verify(lock_request, [good])


@pytest.mark.parametrize(
    ("version", "build", "torch"),
    [
        ("2.3.0", "", ""),
        ("2.3.0+cpu", "cpu", ""),
        ("2.3.0+cpu.cxx11.abi", "cpu", ""),
        ("2.3.0+cu118", "11.8", ""),
        ("2.9.0+cu130", "13.0", ""),
        ("2.7.4.post1+cu12torch2.5cxx11abiFALSE", "12", "2.5"),
        ("2.8.3+cu128torch2.9", "12.8", "2.9"),
        ("2.1.2+pt25cu124", "12.4", "2.5"),
        ("2.1.2+pt210cpu", "cpu", "2.10"),
        ("0.4.20+cuda12.cudnn89", "12", ""),
        ("2.3.0+rocm6.0", "rocm6.0", ""),
        ("2.5.1+xpu", "xpu", ""),
        ("1.0+local.7", "", ""),
        ("2.0+computecanada", "", ""),
    ],
)
def test_the_build_that_a_local_version_names(version: str, build: str, torch: str) -> None:
    assert (build_of(version), torch_of(version)) == (build, torch)


@pytest.mark.parametrize(
    ("build", "cuda", "ok"),
    [
        ("11.8", "11.8", True),
        ("12.1", "12.4", False),
        ("12", "12.4", True),
        ("12", "11.8", False),
        ("cpu", "cpu", True),
        ("cpu", "12.4", False),
        ("12", "cpu", False),
        ("rocm6.0", "cpu", False),
    ],
)
def test_a_build_is_for_the_same_cuda(build: str, cuda: str, ok: bool) -> None:
    assert is_built_for(build, cuda) is ok


@pytest.mark.parametrize("name", ["nvidia-cuda-nvcc", "nvidia-cuda-crt", "nvidia-nvvm"])
def test_a_compiler_with_a_different_minor_version_is_refused(lock_request: LockRequest, name: str) -> None:
    runtime = artifact("nvidia-cuda-runtime", "13.0.96")
    with pytest.raises(VariantError) as caught:
        verify(lock_request, [runtime, artifact(name, "13.5.37")])
    assert f"nvcc-minor: {name} 13.5.37 does not compile for nvidia-cuda-runtime 13.0.96" in caught.value.what
    assert f"pin {name}==13.0.*" in caught.value.what
    verify(lock_request, [runtime, artifact(name, "13.0.88")])


def test_every_violation_is_named(lock_request: LockRequest) -> None:
    with pytest.raises(VariantError) as caught:
        verify(lock_request, [artifact("a", "1", yanked=True), artifact("b", "2", python="<3")])
    assert "a 1 was yanked" in caught.value.what
    assert "b 2 is for Python <3" in caught.value.what


@pytest.mark.parametrize(
    ("variant", "pin", "message"),
    [
        (
            Variant(ray="2.9.0", python="3.11", cuda="12.1", torch="2.1.2"),
            artifact("numpy", "2.2.6"),
            "numpy 2.2.6 is not within numpy<2 (numpy-abi: ",
        ),
        (
            Variant(ray="2.49.1", python="3.11", cuda="12.6", torch="2.7.0", vllm="0.9.2"),
            artifact("transformers", "4.56.1"),
            "transformers 4.56.1 is not within transformers<4.54 (transformers-era: ",
        ),
    ],
)
def test_a_known_breakage_is_named(rule_inputs: RuleInputs, variant: Variant, pin: Artifact, message: str) -> None:
    with pytest.raises(VariantError) as caught:
        verify(create_request(rule_inputs, variant), [pin])
    assert message in caught.value.what


def test_an_invalid_bound_has_no_effect(lock_request: LockRequest) -> None:
    verify(lock_request, [artifact("old", "1", python=">=3.6.*")])


def test_a_cpu_variant_has_no_cuda_package(lock_request: LockRequest) -> None:
    with pytest.raises(VariantError, match="for CUDA 13, and the variant for cpu"):
        verify(replace(lock_request, cuda="cpu"), [artifact("nvidia-cudnn-cu13", "9.1")])


@pytest.mark.parametrize(
    ("name", "version", "major"),
    [
        ("cuda-toolkit", "13.0.3.0", 13),
        ("cuda-bindings", "12.9.4", 12),
        ("cuda-pathfinder", "1.9.0", None),
        ("cuda-core", "1.2.2", None),
        ("nvidia-cudnn-cu12", "9.10.2.21", 12),
        ("nvidia-cudnn-frontend", "1.32.0", None),
        ("nvidia-cuda-nvrtc", "13.0.88", 13),
        ("nvidia-cufft", "12.0.0.61", None),
        ("nvidia-cutlass-dsl-libs-cu12", "4.8.0", None),
        ("cupy-cuda13x", "14.0", 13),
        ("torch", "2.13.0", None),
    ],
)
def test_which_cuda_a_package_is_made_for(name: str, version: str, major: int | None) -> None:
    assert cuda_names().major(name, version) == major
