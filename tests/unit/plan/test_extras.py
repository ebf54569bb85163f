"""Ray's extras on the committed facts: unknown ones, too few for KubeRay, and variants with those of a group."""

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
from raydock.plan.rules import RuleInputs

TODAY = date(2026, 11, 22)
CPU = Variant(ray="2.60.0", python="3.11")

Planning = Callable[[str], Plan]


@pytest.fixture
def planned(tmp_path: Path, matrix: Matrix, facts: Facts) -> Planning:
    """The plan of the committed matrix with one more group."""

    def make(group: str) -> Plan:
        path = tmp_path / "matrix.yaml"
        path.write_text(matrix.path.read_text().replace("\n  all: {}\n", f"\n  all: {{}}\n  {group}\n"))
        return planner.make(matrix_file.load(path), facts, TODAY)

    return make


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
def test_what_an_extra_brings_decides_and_not_its_name(
    facts: Facts, version: str, chosen: tuple[str, ...], lacks: list[str]
) -> None:
    found = dict(extras.lacking(facts.releases["ray", version], replace(CPU, ray=version), chosen))
    assert list(found) == lacks
    assert "uvicorn" in found.get("serve", ("uvicorn",))


@pytest.mark.parametrize(
    ("group", "words", "todo"),
    [
        (
            "few: {ray-extras: [default]}",
            ["ray[default] is too little", "uvicorn", "501", "clause 9"],
            "kuberay: false",
        ),
        ("few: {ray-extras: [data]}", ["ray[data] is too little", "8265 and 52365", "clauses 4 and 8"], "'default'"),
        ("few: {ray-extras: [], ray: 2.60.0}", ["ray is too little", "opencensus"], "`ray-extras`"),
        ("odd: {ray-extras: [default, serv]}", ["ray 2.49.1 has no extra 'serv'"], "'serve'"),
        ("odd: {ray-extras: [default, serve, tran], ray: 2.6*}", ["ray 2.60.0 has no extra 'tran'"], "'train'"),
    ],
)
def test_refused_with_the_groups_line(planned: Planning, group: str, words: list[str], todo: str) -> None:
    with pytest.raises(ConfigurationError, match=r"matrix\.yaml:\d+: ") as caught:
        planned(group)
    number = int(caught.value.what.split("matrix.yaml:")[1].split(":")[0])
    assert f"  {group}" == Path(caught.value.what.split(":")[0]).read_text().splitlines()[number - 1]
    assert all(word in caught.value.what for word in words)
    assert todo in caught.value.todo


def test_the_extras_of_all_variants_are_judged_alike(matrix: Matrix, facts: Facts) -> None:
    bare = Packages(ray_extras=(), place="matrix.yaml:9")
    with pytest.raises(ConfigurationError, match=r"matrix\.yaml:9: ray is too little for KubeRay"):
        planner.make(replace(matrix, packages=bare), facts, TODAY)
    plan = planner.make(replace(matrix, packages=replace(bare, kuberay=False)), facts, TODAY)
    assert {item.kuberay for item in plan.variants if not item.variant.flavor} == {False}


def test_with_less_a_group_says_that_its_images_are_not_for_kuberay(planned: Planning) -> None:
    plan = planned("bare: {cuda: cpu, ray-extras: [], kuberay: false}")
    bare = [item for item in plan.variants if item.groups == ("bare",)]
    assert [item.name for item in bare] == [
        f"ray{ray}-py{python}-cpu-bare" for ray in ("2.49.1", "2.60.0") for python in ("311", "313")
    ]
    assert not any(item.kuberay for item in bare)
    assert all(item.kuberay for item in plan.variants if item not in bare)


def test_a_group_makes_variants_besides_those_that_it_selects(plan: Plan) -> None:
    names = [item.name for item in plan.variants]
    place = names.index("ray2.60.0-py311-cpu")
    assert names[place + 1] == "ray2.60.0-py311-cpu-xgboost"
    plain, trees = plan.variants[place : place + 2]
    assert "xgboost" not in plain.groups
    assert trees.groups == ("xgboost",)
    assert (trees.min_driver, trees.sm, trees.glibc) == (plain.min_driver, plain.sm, plain.glibc)


def test_an_extra_that_cannot_be_in_an_image_excludes_its_flavor_alone(planned: Planning) -> None:
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
    assert (cpu.rule, cpu.nearest) == ("cuda-major", "ray2.60.0-py311-cpu")
    assert "cupy-cuda12x" in cpu.reason


def test_rays_llm_extra_never_stands_beside_a_chosen_vllm(planned: Planning) -> None:
    plan = planned('llm: {ray: "2.60.0", vllm: "0.32.0", ray-extras: [default, serve, llm]}')
    assert not [item for item in plan.variants if "llm" in item.groups]
    assert {item.rule for item in plan.excluded if item.variant.flavor} == {"ray-llm-extra"}


def test_explained_with_its_own_packages(rule_inputs: RuleInputs) -> None:
    found = explain("ray2.60.0-torch2.13.0-py311-cu130-raytrain", rule_inputs)
    assert found.valid
    assert found.in_matrix
    assert {near.variant.flavor for near in found.nearest} == {"raytrain"}
    assert not any(near.in_matrix for near in found.nearest)
    assert not explain("ray2.60.0-py313-cpu-xgboost", rule_inputs).in_matrix


def test_explaining_a_group_that_has_no_packages_names_the_nearest(rule_inputs: RuleInputs) -> None:
    with pytest.raises(ConfigurationError, match="No group 'xgbost'") as caught:
        explain("ray2.60.0-py311-cpu-xgbost", rule_inputs)
    assert "'xgboost'" in caught.value.todo
