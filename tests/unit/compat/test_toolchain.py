from dataclasses import replace

import pytest

from raydock.compat import toolchain
from raydock.model.variant import Variant

VLLM = Variant(ray="2.60.0", python="3.11", cuda="13.0", torch="2.13.0", vllm="0.32.0")
OLDER = replace(VLLM, cuda="12.8", torch="2.8.0", vllm="0.10.2")
CPU = Variant(ray="2.60.0", python="3.11")


def test_the_compiler_is_of_the_variants_own_cuda() -> None:
    lines = toolchain.known().requirements(replace(VLLM, cuda="13.2"))
    assert {"nvidia-cuda-nvcc==13.2.*", "nvidia-cuda-crt==13.2.*", "nvidia-nvvm==13.2.*", "ninja"} <= set(lines)
    assert "nvidia-cuda-cccl<13.3" in lines


@pytest.mark.parametrize("variant", [OLDER, CPU, replace(OLDER, vllm="none")])
def test_a_variant_without_a_compiler_requires_nothing(variant: Variant) -> None:
    assert toolchain.known().requirements(variant) == ()
    assert toolchain.compiler_of(variant) == ""
    assert not toolchain.has_prebuilt_kernels(variant)


def test_only_vllm_has_prebuilt_kernels() -> None:
    assert toolchain.has_prebuilt_kernels(VLLM)
    assert not toolchain.has_prebuilt_kernels(replace(VLLM, vllm="none"))


def test_a_table_names_the_compiler() -> None:
    assert [toolchain.compiler_text(variant) for variant in (VLLM, OLDER, CPU)] == ["13.0", "none", "-"]


def test_only_a_vllm_without_a_compiler_is_explained() -> None:
    assert "no nvcc, because CUDA 12.8 has no package of it" in toolchain.missing_compiler(OLDER)
    assert [toolchain.missing_compiler(variant) for variant in (VLLM, CPU, replace(OLDER, vllm="none"))] == ["", "", ""]


@pytest.mark.parametrize(
    ("nvcc", "runtime", "found"),
    [
        ("13.0.88", "13.0.96", []),
        ("13.5.37", "13.0.96", [("nvidia-cuda-nvcc", "nvidia-cuda-nvcc==13.0.*")]),
        ("13.0.88", "13.2.75", [("nvidia-cuda-nvcc", "nvidia-cuda-nvcc==13.2.*")]),
    ],
)
def test_a_compiler_of_a_different_minor_version_is_found(
    nvcc: str, runtime: str, found: list[tuple[str, str]]
) -> None:
    versions = {"nvidia-cuda-nvcc": nvcc, "nvidia-cuda-runtime": runtime}
    assert list(toolchain.known().mismatches(versions)) == found


def test_without_a_runtime_nothing_is_compared() -> None:
    assert list(toolchain.known().mismatches({"nvidia-cuda-nvcc": "13.5.37"})) == []
