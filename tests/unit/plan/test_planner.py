from dataclasses import replace
from datetime import date
from pathlib import Path
from time import process_time

import pytest

from raydock.core.errors import ConfigurationError
from raydock.model import matrix as matrix_file
from raydock.model.facts import Facts
from raydock.model.matrix import Matrix
from raydock.model.variant import Axis
from raydock.plan import planner
from raydock.plan.output import document
from raydock.plan.planner import Plan
from raydock.plan.text import listing, unknown_gpus

TODAY = date(2026, 11, 22)


def test_the_committed_matrix_has_20_variants_and_three_single_points(plan: Plan) -> None:
    assert len(plan.variants) == 23
    assert len(plan.excluded) == 108 - 20
    counts = {group: sum(group in item.groups for item in plan.variants) for group in plan.matrix.group_names}
    assert counts == {"quickstart": 2, "train": 8, "serve": 8, "all": 20, "raytrain": 1, "xgboost": 1, "legacy": 1}
    (legacy,) = (item for item in plan.variants if item.groups == ("legacy",))
    assert (legacy.name, legacy.min_driver) == ("ray2.49.1-vllm0.3.0-torch2.1.2-py311-cu121", "525.60.13")
    assert legacy.sm == (70, 75, 80, 86, 90)


def test_variants_are_in_the_order_of_versions(plan: Plan) -> None:
    assert [item.name for item in plan.variants[:3]] == [
        "ray2.49.1-py311-cpu",
        "ray2.49.1-py313-cpu",
        "ray2.49.1-torch2.8.0-py311-cu128",
    ]
    assert [item.variant.order for item in plan.variants] == sorted(item.variant.order for item in plan.variants)


@pytest.mark.parametrize(
    ("name", "driver", "sm", "glibc"),
    [
        ("ray2.60.0-py311-cpu", "", (), "2.17"),
        ("ray2.60.0-torch2.8.0-py311-cu128", "525.60.13", (70, 75, 80, 86, 90, 100, 120), "2.28"),
        ("ray2.60.0-vllm0.32.0-torch2.13.0-py313-cu130", "580.65.06", (75, 80, 86, 90, 100, 120), "2.28"),
    ],
)
def test_what_a_variant_needs(plan: Plan, name: str, driver: str, sm: tuple[int, ...], glibc: str) -> None:
    item = next(item for item in plan.variants if item.name == name)
    assert (item.min_driver, item.sm, item.glibc) == (driver, sm, glibc)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("ray2.60.0-torch2.13.0-py311-cpu", "ray2.60.0-torch2.13.0-py311-cu130"),
        ("ray2.60.0-torch2.13.0-py311-cu128", "ray2.60.0-torch2.8.0-py311-cu128"),
        ("ray2.60.0-py311-cu130", "ray2.60.0-py311-cpu"),
        ("ray2.60.0-vllm0.32.0-torch2.8.0-py313-cu130", "ray2.60.0-vllm0.32.0-torch2.13.0-py313-cu130"),
        ("ray2.60.0-vllm0.32.0-torch2.8.0-py313-cu128", "ray2.60.0-vllm0.10.2-torch2.8.0-py313-cu128"),
    ],
)
def test_nearest(plan: Plan, name: str, near: str) -> None:
    assert next(point.nearest for point in plan.excluded if point.variant.name == name) == near


def test_every_exclusion_has_a_reason_and_a_nearest_variant(plan: Plan) -> None:
    names = {item.name for item in plan.variants}
    for point in plan.excluded:
        assert point.verdict.reason
        assert point.verdict.evidence
        assert point.nearest in names
        assert set(point.variant.axes) == set(Axis)


def test_without_variants_there_is_no_nearest(matrix: Matrix) -> None:
    plan = planner.make(matrix, Facts({}), TODAY)
    assert plan.variants == ()
    assert len(plan.excluded) == 108 + 1
    assert {(point.verdict.rule, point.nearest) for point in plan.excluded} == {("known", None)}


def excluding(tmp_path: Path, matrix: Matrix, text: str) -> Matrix:
    path = tmp_path / "matrix.yaml"
    path.write_text(matrix.path.read_text().replace("exclude: []", f"exclude:\n  - {text}"))
    return matrix_file.load(path)


def test_an_exclusion_of_matrix_yaml(tmp_path: Path, matrix: Matrix, facts: Facts) -> None:
    text = '{python: "3.13", ray: "2.4*", reason: our jobs pickle with 3.11, until: 2026-11-22}'
    plan = planner.make(excluding(tmp_path, matrix, text), facts, TODAY)
    assert len(plan.variants) == 23 - 5
    unwanted = [point for point in plan.excluded if point.verdict.rule == "exclude"]
    assert len(unwanted) == 5
    assert {point.verdict.reason for point in unwanted} == {"our jobs pickle with 3.11"}
    line = next(
        n
        for n, row in enumerate((tmp_path / "matrix.yaml").read_text().splitlines(), 1)
        if row.startswith("  - {python")
    )
    assert unwanted[0].verdict.evidence == f"excluded at {tmp_path / 'matrix.yaml'}:{line} until 2026-11-22"
    assert unwanted[0].nearest == "ray2.49.1-py311-cpu"


def with_points(tmp_path: Path, matrix: Matrix, text: str) -> Matrix:
    path = tmp_path / "matrix.yaml"
    path.write_text(matrix.path.read_text() + f"  - {text}\n")
    return matrix_file.load(path)


def test_a_single_point_follows_the_same_rules(tmp_path: Path, matrix: Matrix, facts: Facts) -> None:
    text = '{python: "3.11", cuda: "12.4", torch: 2.1.2, ray: 2.60.0, groups: [old, serve]}'
    plan = planner.make(with_points(tmp_path, matrix, text), facts, TODAY)
    assert len(plan.variants) == 23
    point = plan.excluded[-1]
    assert point.variant.name == "ray2.60.0-torch2.1.2-py311-cu124"
    assert (point.verdict.rule, point.verdict.reason) == ("torch-cuda", "torch 2.1.2 is built for CUDA 12.1")
    assert point.nearest == "ray2.60.0-torch2.8.0-py311-cu128"


def test_a_single_point_is_only_in_the_groups_that_it_names(tmp_path: Path, matrix: Matrix, facts: Facts) -> None:
    text = '{python: "3.11", cuda: "12.1", torch: 2.1.2, ray: 2.60.0, groups: [old, serve]}'
    plan = planner.make(with_points(tmp_path, matrix, text), facts, TODAY)
    (point,) = (item for item in plan.variants if item.variant.torch == "2.1.2" and item.variant.vllm == "none")
    assert point.groups == ("old", "serve")


def test_an_expired_exclusion_is_an_error(tmp_path: Path, matrix: Matrix, facts: Facts) -> None:
    excluded = excluding(tmp_path, matrix, '{python: "3.13", reason: too new, until: 2026-11-21}')
    with pytest.raises(ConfigurationError, match=r"matrix\.yaml:\d+: .*2026-11-21: too new") as caught:
        planner.make(excluded, facts, TODAY)
    assert caught.value.what.startswith(excluded.excludes[0].place)


def grown(matrix: Matrix, facts: Facts, rays: int) -> tuple[Matrix, Facts]:
    """A matrix with this many releases of ray, all equal to the newest one."""
    versions = [f"3.{minor}.0" for minor in range(rays)]
    like = facts.releases["ray", "2.60.0"]
    more = {("ray", version): replace(like, version=version) for version in versions}
    axes = {**matrix.axes, Axis.RAY: tuple(versions)}
    return replace(matrix, axes=axes), Facts({**facts.releases, **more})


def seconds(matrix: Matrix, facts: Facts) -> float:
    start = process_time()
    planner.make(matrix, facts, TODAY)
    return process_time() - start


def test_10_000_points_are_planned_in_linear_time(matrix: Matrix, facts: Facts) -> None:
    few, many = grown(matrix, facts, 19), grown(matrix, facts, 186)  # 1,026 and 10,044 points
    least, most = (min(seconds(*size) for _ in range(2)) for size in (few, many))
    assert most < 2
    assert most < 20 * least  # 9.8 times the points; a quadratic way would take about 96 times as long


def with_gpus(tmp_path: Path, matrix: Matrix, *entries: str) -> Matrix:
    path = tmp_path / "matrix.yaml"
    lines = "".join(f"  - {entry}\n" for entry in entries)
    path.write_text(f"{matrix.path.read_text()}\ngpus:\n{lines}")
    return matrix_file.load(path)


def test_matrix_yaml_can_state_the_gpus_of_a_build(tmp_path: Path, matrix: Matrix, facts: Facts) -> None:
    stated = with_gpus(tmp_path, matrix, "{torch: 2.13.0, cuda: 13.0, sm: [8.0, 9.0]}")
    new_plan = planner.make(stated, facts, TODAY)
    sm = {planned.name: planned.sm for planned in new_plan.variants}
    assert sm["ray2.60.0-torch2.13.0-py311-cu130"] == (80, 90)
    assert sm["ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130"] == (80, 90)
    assert sm["ray2.60.0-torch2.8.0-py311-cu128"] == (70, 75, 80, 86, 90, 100, 120)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{torch: 2.31.0, cuda: 13.0, sm: [80]}", "torch ==2.31.0, which no variant has"),
        ("{vllm: '>=0.40', cuda: 13.0, sm: [80]}", "vllm >=0.40, which no variant has"),
        ("{torch: 2.13.0, cuda: 13.1, sm: [80]}", "CUDA 13.1, which no variant has"),
    ],
)
def test_gpus_that_match_no_variant_are_refused(
    tmp_path: Path, matrix: Matrix, facts: Facts, entry: str, message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        planner.make(with_gpus(tmp_path, matrix, entry), facts, TODAY)
    assert message in str(caught.value)
    assert "matrix.yaml:" in str(caught.value)


def test_gpus_of_a_build_from_an_extra_index_are_unknown(tmp_path: Path, matrix: Matrix, facts: Facts) -> None:
    text = matrix.path.read_text().replace('cuda: [cpu, "12.8"', 'cuda: [cpu, "12.6", "12.8"')
    path = tmp_path / "matrix.yaml"
    path.write_text(f'{text}\nindexes: {{cu126: "https://mirror.example/whl/cu126"}}\n')
    build = replace(facts.releases["torch", "2.13.0"], version="2.13.0+cu126", requires_dist=("filelock",))
    known = Facts({**facts.releases, ("torch", "2.13.0+cu126"): build})
    name = "ray2.60.0-torch2.13.0-py311-cu126"
    plan = planner.make(matrix_file.load(path), known, TODAY)
    (variant,) = (item for item in plan.variants if item.name == name)
    assert (variant.min_driver, variant.sm) == ("525.60.13", ())
    (shown,) = document(plan, [variant], {}, {})["variants"]
    assert shown["sm"] is None
    assert "  unknown  " in listing([variant], {}, None)[1]
    assert unknown_gpus([variant]) == f"GPUs unknown (`gpus` in matrix.yaml can state them): {name}"
    path.write_text(f"{path.read_text()}gpus: [{{torch: 2.13.0, cuda: 12.6, sm: [60, 70]}}]\n")
    stated = planner.make(matrix_file.load(path), known, TODAY)
    assert {item.sm for item in stated.variants if item.name == name} == {(60, 70)}
    assert unknown_gpus(stated.variants) == ""
