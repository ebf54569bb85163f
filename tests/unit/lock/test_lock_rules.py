from dataclasses import replace

import pytest

from raydock.errors import VariantError
from raydock.lock.artifacts import Artifact
from raydock.lock.request import Request, request
from raydock.lock.rules import hold
from raydock.model.variant import Variant
from raydock.plan.cuda import cuda_names
from raydock.plan.rules import Ground


@pytest.fixture
def asked(ground: Ground) -> Request:
    return request(ground, Variant(ray="2.60.0", python="3.13", cuda="13.0", torch="2.13.0"))


def artifact(project: str, version: str, *, python: str = ">=3.10", yanked: bool = False) -> Artifact:
    name = f"{project}-{version}-py3-none-any.whl"
    return Artifact(
        project=project, version=version, filename=name, sha256="0", size=1, requires_python=python, yanked=yanked
    )


@pytest.mark.parametrize(
    ("pin", "words"),
    [
        (artifact("xformers", "1.0", python="<3.13"), "xformers 1.0 is for Python <3.13, not 3.13"),
        (artifact("click", "8.2.2", yanked=True), "click 8.2.2 was yanked by its author"),
        (artifact("cuda-python", "12.6.2.post1"), "cuda-python 12.6.2.post1 is not within cuda-python==13.*"),
        (artifact("cupy-cuda12x", "13.0"), "cupy-cuda12x 13.0 is for CUDA 12, and the variant for CUDA 13.0"),
        (artifact("nvidia-cublas-cu12", "12.8.4.1"), "is for CUDA 12"),
        (artifact("nvidia-cuda-runtime", "14.0"), "cuda-major: nvidia-cuda-runtime 14.0 is for CUDA 14"),
        (artifact("torch", "2.13.0+cu126"), "torch 2.13.0+cu126 is another build than 2.13.0"),
    ],
)
def test_what_would_not_run_is_refused(asked: Request, pin: Artifact, words: str) -> None:
    good = artifact("ray", "2.60.0", python=">=3.9,<3.15")
    with pytest.raises(VariantError) as caught:
        hold(asked, [good, pin])
    assert words in caught.value.what
    assert "ray" not in caught.value.what
    hold(asked, [good])


def test_every_fault_is_named(asked: Request) -> None:
    with pytest.raises(VariantError) as caught:
        hold(asked, [artifact("a", "1", yanked=True), artifact("b", "2", python="<3")])
    assert "a 1 was yanked" in caught.value.what
    assert "b 2 is for Python <3" in caught.value.what


@pytest.mark.parametrize(
    ("variant", "pin", "words"),
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
def test_a_known_breakage_is_named(ground: Ground, variant: Variant, pin: Artifact, words: str) -> None:
    with pytest.raises(VariantError) as caught:
        hold(request(ground, variant), [pin])
    assert words in caught.value.what


def test_a_bound_that_cannot_be_read_binds_nobody(asked: Request) -> None:
    hold(asked, [artifact("old", "1", python=">=3.6.*")])


def test_a_cpu_variant_holds_no_cuda(asked: Request) -> None:
    with pytest.raises(VariantError, match="for CUDA 13, and the variant for cpu"):
        hold(replace(asked, cuda="cpu"), [artifact("nvidia-cudnn-cu13", "9.1")])


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
