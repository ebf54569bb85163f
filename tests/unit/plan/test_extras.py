"""Ray's extras with the committed facts: unknown ones, too few for KubeRay, and the extras of groups."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.model import matrix as matrix_file
from raydock.model.facts import Facts
from raydock.model.matrix import Matrix
from raydock.model.packages import Packages
from raydock.model.variant import Variant
from raydock.plan import extras, planner
from raydock.plan.explain import explain
from raydock.plan.planner import Plan
from raydock.plan.rules.verdict import RuleInputs

TODAY = date(2026, 11, 22)
CPU = Variant(ray="2.60.0", python="3.11")

Planning = Callable[[str], Plan]


@pytest.fixture
def planned(tmp_path: Path, matrix: Matrix, facts: Facts) -> Planning:
    """The plan of the committed matrix with one more group."""

    def plan_with(group: str) -> Plan:
        path = tmp_path / "matrix.yaml"
        path.write_text(matrix.path.read_text().replace("\n  all: {}\n", f"\n  all: {{}}\n  {group}\n"))
        return planner.make(matrix_file.load(path), facts, TODAY)

    return plan_with


def test_the_extras_of_a_release_are_known_by_its_requirements(facts: Facts) -> None:
    old, new = (extras.known(facts.releases["ray", version]) for version in ("2.9.0", "2.60.0"))
    assert {"air", "all", "data", "default", "rllib", "serve", "train", "tune"} <= set(old) & set(new)
    assert "llm" in set(new) - set(old)


@pytest.mark.parametrize(
    ("chosen", "lacks"),
    [
        (("default", "serve"), []),
        (("serve",), []),
        (("all",), []),
        (("default",), ["serve"]),
        (("data", "train"), ["default", "serve"]),
        ((), ["default", "serve"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("version", ["2.9.0", "2.49.1", "2.60.0"])
def test_the_packages_of_an_extra_decide_not_its_name(
    facts: Facts, version: str, chosen: tuple[str, ...], lacks: list[str]
) -> None:
    lacking = dict(extras.lacking(facts.releases["ray", version], replace(CPU, ray=version), chosen))
    assert list(lacking) == lacks
    assert "uvicorn" in lacking.get("serve", ("uvicorn",))


@pytest.mark.parametrize(
    ("group", "phrases", "todo"),
    [
        (
            "few: {ray-extras: [default]}",
            ["ray[default] is not sufficient", "uvicorn", "501", "clause 9"],
            "kuberay: false",
        ),
        (
            "few: {ray-extras: [data]}",
            ["ray[data] is not sufficient", "8265 and 52365", "clauses 4 and 8"],
            "'default'",
        ),
        ("few: {ray-extras: [], ray: 2.60.0}", ["ray is not sufficient", "opencensus"], "`ray-extras`"),
        ("odd: {ray-extras: [default, serv]}", ["ray 2.49.1 has no extra 'serv'"], "'serve'"),
        ("odd: {ray-extras: [default, serve, tran], ray: 2.6*}", ["ray 2.60.0 has no extra 'tran'"], "'train'"),
    ],
)
def test_invalid_extras_are_refused_with_the_line_of_the_group(
    planned: Planning, group: str, phrases: list[str], todo: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"matrix\.yaml:\d+: ") as caught:
        planned(group)
    number = int(caught.value.what.split("matrix.yaml:")[1].split(":")[0])
    assert f"  {group}" == Path(caught.value.what.split(":")[0]).read_text().splitlines()[number - 1]
    assert all(phrase in caught.value.what for phrase in phrases)
    assert todo in caught.value.todo


def test_the_extras_of_all_variants_follow_the_same_rules(matrix: Matrix, facts: Facts) -> None:
    bare = Packages(ray_extras=(), place="matrix.yaml:9")
    with pytest.raises(ConfigurationError, match=r"matrix\.yaml:9: ray is not sufficient for KubeRay"):
        planner.make(replace(matrix, packages=bare), facts, TODAY)
    plan = planner.make(replace(matrix, packages=replace(bare, kuberay=False)), facts, TODAY)
    assert {item.kuberay for item in plan.variants if not item.variant.flavor} == {False}


def test_a_group_with_fewer_extras_must_set_kuberay_to_false(planned: Planning) -> None:
    plan = planned("bare: {cuda: cpu, ray-extras: [], kuberay: false}")
    bare = [item for item in plan.variants if item.groups == ("bare",)]
    assert [item.name for item in bare] == [
        f"ray{ray}-py{python}-cpu-bare" for ray in ("2.49.1", "2.60.0") for python in ("311", "313")
    ]
    assert not any(item.kuberay for item in bare)
    assert all(item.kuberay for item in plan.variants if item not in bare)


def test_a_group_makes_variants_in_addition_to_those_that_it_selects(plan: Plan) -> None:
    names = [item.name for item in plan.variants]
    place = names.index("ray2.60.0-py311-cpu")
    assert names[place + 1] == "ray2.60.0-py311-cpu-xgboost"
    plain, trees = plan.variants[place : place + 2]
    assert "xgboost" not in plain.groups
    assert trees.groups == ("xgboost",)
    assert (trees.min_driver, trees.sm, trees.glibc) == (plain.min_driver, plain.sm, plain.glibc)


def test_an_impossible_extra_excludes_only_its_flavor(planned: Planning) -> None:
    plan = planned('graph: {ray: "2.60.0", python: "3.11", ray-extras: [default, serve, cgraph]}')
    assert {item.name for item in plan.variants if item.groups == ("graph",)} == {
        "ray2.60.0-torch2.8.0-py311-cu128-graph",
        "ray2.60.0-vllm0.10.2-torch2.8.0-py311-cu128-graph",
    }
    out = {item.variant.name: item for item in plan.excluded if item.variant.flavor}
    assert set(out) == {
        "ray2.60.0-py311-cpu-graph",
        "ray2.60.0-torch2.13.0-py311-cu130-graph",
        "ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130-graph",
    }
    cpu = out["ray2.60.0-py311-cpu-graph"]
    assert (cpu.verdict.rule, cpu.nearest) == ("cuda-major", "ray2.60.0-py311-cpu")
    assert "cupy-cuda12x" in cpu.verdict.reason


def test_rays_llm_extra_is_not_combined_with_a_selected_vllm(planned: Planning) -> None:
    plan = planned('llm: {ray: "2.60.0", vllm: "0.32.0", ray-extras: [default, serve, llm]}')
    assert not [item for item in plan.variants if "llm" in item.groups]
    assert {item.verdict.rule for item in plan.excluded if item.variant.flavor} == {"ray-llm-extra"}


def test_a_flavor_is_explained_with_its_packages(rule_inputs: RuleInputs) -> None:
    explained = explain("ray2.60.0-torch2.13.0-py311-cu130-raytrain", rule_inputs)
    assert explained.valid
    assert explained.in_matrix
    assert {near.variant.flavor for near in explained.nearest} == {"raytrain"}
    assert not any(near.in_matrix for near in explained.nearest)
    assert not explain("ray2.60.0-py313-cpu-xgboost", rule_inputs).in_matrix


def test_explaining_a_group_without_packages_suggests_the_nearest(rule_inputs: RuleInputs) -> None:
    with pytest.raises(ConfigurationError, match="has no group 'xgbost'") as caught:
        explain("ray2.60.0-py311-cpu-xgbost", rule_inputs)
    assert "'xgboost'" in caught.value.todo
