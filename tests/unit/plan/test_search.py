from dataclasses import replace
from itertools import product

from raydock.model.facts import Facts
from raydock.model.variant import Axis, Variant
from raydock.plan.planner import Plan
from raydock.plan.rules.evaluator import Evaluator
from raydock.plan.rules.verdict import RuleInputs
from raydock.plan.search import Space, universe


def test_the_valid_points_of_the_matrix_are_its_variants(plan: Plan, rule_inputs: RuleInputs) -> None:
    valid = list(Space(rule_inputs).valid(plan.matrix.axes))
    assert sorted(point.name for point in valid) == sorted(
        planned.name for planned in plan.variants if "all" in planned.groups
    )


def test_the_search_agrees_with_the_rules_on_every_point(rule_inputs: RuleInputs) -> None:
    axes = {
        Axis.ARCH: ("amd64",),
        Axis.PYTHON: ("3.11", "3.12", "3.13"),
        Axis.CUDA: ("cpu", "12.4", "12.8", "13.0"),
        Axis.TORCH: ("none", "2.6.0", "2.8.0", "2.13.0"),
        Axis.VLLM: ("none", "0.8.1", "0.8.5", "0.10.2", "0.32.0"),
        Axis.RAY: ("2.9.0", "2.43.0", "2.44.0", "2.60.0", "2.61.0"),
    }
    judge = Evaluator(rule_inputs)
    points = [Variant(**dict(zip(Axis, values, strict=True))) for values in product(*(axes[axis] for axis in Axis))]
    expected = [point for point in points if judge.objection(point) is None]
    assert len(expected) > 10
    assert list(Space(rule_inputs).valid(axes)) == expected


def test_the_universe_has_every_release_and_cuda(rule_inputs: RuleInputs, facts: Facts) -> None:
    axes = universe(rule_inputs)
    assert axes[Axis.RAY] == facts.versions["ray"]
    assert axes[Axis.VLLM] == ("none", *facts.versions["vllm"])
    assert set(axes[Axis.CUDA]) >= {"cpu", "12.1", "12.4", "12.6", "12.8", "13.0"}
    assert axes[Axis.PYTHON] == ("3.11", "3.13")


def test_without_facts_no_point_is_valid(rule_inputs: RuleInputs) -> None:
    bare = replace(rule_inputs, facts=Facts({}))
    assert list(Space(bare).valid(universe(bare))) == []
