from dataclasses import replace
from pathlib import Path

import pytest

from raydock.builder import render
from raydock.builder.render import Renderer
from raydock.core.checkout import Checkout
from raydock.core.errors import OutOfReachError
from raydock.model.matrix import Matrix
from raydock.pipeline.project import Project
from raydock.plan.planner import Plan

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def rendered(plan: Plan) -> dict[str, str]:
    return Project(Checkout(ROOT)).dockerfiles(plan.variants)


def test_the_committed_dockerfiles_are_up_to_date(rendered: dict[str, str]) -> None:
    committed = {path.parent.name: path.read_text() for path in (ROOT / "images").glob("*/Dockerfile")}
    assert committed == rendered


def test_the_first_line_says_not_to_edit(rendered: dict[str, str]) -> None:
    assert all("Do not edit" in text.splitlines()[0] for text in rendered.values())


def test_only_cuda_images_require_a_driver(rendered: dict[str, str]) -> None:
    assert "NVIDIA_REQUIRE_CUDA" not in rendered["ray2.60.0-py311-cpu"]
    assert 'NVIDIA_REQUIRE_CUDA="cuda>=12.0"' in rendered["ray2.60.0-torch2.8.0-py311-cu128"]
    assert 'NVIDIA_REQUIRE_CUDA="cuda>=13.0"' in rendered["ray2.60.0-torch2.13.0-py311-cu130"]


def test_only_images_with_cuda_13_have_a_compiler(rendered: dict[str, str]) -> None:
    vllm, torch = (
        rendered["ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130"],
        rendered["ray2.60.0-torch2.13.0-py311-cu130"],
    )
    older, cpu = rendered["ray2.60.0-vllm0.10.2-torch2.8.0-py311-cu128"], rendered["ray2.60.0-py311-cpu"]
    for text in (vllm, torch):
        assert "ENV CUDA_HOME=/usr/local/cuda" in text
        assert 'raydock.nvcc="13.0"' in text
        assert "VLLM_USE_FLASHINFER_SAMPLER" not in text
    assert "link-cuda" not in older + cpu
    assert 'raydock.nvcc="none"' in older
    assert "ENV VLLM_USE_FLASHINFER_SAMPLER=0" in older
    assert "raydock.nvcc" not in cpu
    assert '/run/installer/make-kernels "7.5 8.0 9.0a 10.0f 12.0f"' in vllm
    assert "/run/installer/inspect-models.py /home/ray/.cache/vllm" in vllm
    assert not any(program in torch + older + cpu for program in ("make-kernels", "inspect-models"))


def test_only_the_layer_built_from_source_does_not_use_the_cache(rendered: dict[str, str]) -> None:
    for name, text in rendered.items():
        steps = [step for step in text.split("\n\n") if "UV_NO_CACHE=1 TMPDIR" in step]
        assert len(steps) == ("vllm0.3.0" in name)
        assert all("UV_BUILD_CONSTRAINT=/run/source.build.txt" in step for step in steps)


def test_user_and_times_suit_kubernetes_and_reproducibility(rendered: dict[str, str]) -> None:
    for text in rendered.values():
        assert "\nUSER 1000\n" in text
        assert 'created="2026-11-15T00:00:00+00:00"' in text


def test_check_lists_missing_and_differing_files(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    render.write(checkout, {"one": "FROM a\n", "two": "FROM b\n"})
    checkout.dockerfile("two").write_text("FROM c\n")
    problems = render.outdated(checkout, {"one": "FROM a\n", "two": "FROM b\n", "three": "FROM d\n"})
    assert list(problems.items()) == [
        ("two", "images/two/Dockerfile differs from what templates/ and matrix.yaml render"),
        ("three", "images/three/Dockerfile is missing"),
    ]


def test_write_changes_only_differing_files(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    assert render.write(checkout, {"one": "FROM a\n"}) == ["one"]
    before = checkout.dockerfile("one").stat().st_mtime_ns
    assert render.write(checkout, {"one": "FROM a\n", "two": "FROM b\n"}) == ["two"]
    assert checkout.dockerfile("one").stat().st_mtime_ns == before


def test_orphans_are_found_and_removed(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    render.write(checkout, {"one": "FROM a\n", "old": "FROM b\n"})
    orphans = render.orphans(checkout, {"one"})
    assert [path.name for path in orphans] == ["old"]
    render.remove(orphans)
    assert not checkout.dockerfile("old").exists()


def test_a_file_in_place_of_a_folder_is_reported_and_no_temporary_file_is_left(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.images.write_text("a file where a folder should be")
    with pytest.raises(OutOfReachError, match="could not be written"):
        render.write(checkout, {"one": "FROM a\n"})
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


def test_only_an_image_that_is_not_for_kuberay_has_the_label(
    plan: Plan, matrix: Matrix, rendered: dict[str, str]
) -> None:
    planned = next(each for each in plan.variants if each.name == "ray2.60.0-py311-cpu-xgboost")
    parts = Project(Checkout(ROOT)).layers(planned)
    text = Renderer(Checkout(ROOT).templates, matrix).render(replace(planned, kuberay=False), parts)
    assert text.replace('      raydock.kuberay="false" \\\n', "") == rendered[planned.name]
    assert 'raydock.kuberay="false"' in text
    assert not any("raydock.kuberay" in other for other in rendered.values())
    assert 'description="Ray 2.60.0 on Python 3.11, CPU, with ray[default,serve], xgboost-cpu"' in text
