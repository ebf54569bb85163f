import json
from dataclasses import replace

import pytest

from raydock.core.errors import ConfigurationError
from raydock.model.facts import Facts
from raydock.model.variant import Axis, Variant, parse_name
from raydock.model.versions import position
from raydock.plan.explain import NEAREST, explain
from raydock.plan.output import explanation_document
from raydock.plan.planner import Plan
from raydock.plan.rules.evaluator import Evaluator, rules
from raydock.plan.rules.verdict import RuleInputs
from raydock.plan.search import Space, universe
from raydock.plan.text import explanation

IMPOSSIBLE = "ray2.44.0-vllm0.8.5-torch2.6.0-py313-cu124"


@pytest.mark.parametrize("name", [IMPOSSIBLE, "ray2.60.0-py312-cpu", "ray2.60.0-torch2.13.0-py311-cu128"])
def test_every_rule_has_a_verdict_and_the_nearest_points_are_valid(rule_inputs: RuleInputs, name: str) -> None:
    explained = explain(name, rule_inputs)
    assert explained.variant == parse_name(name)
    assert [verdict.rule for verdict in explained.verdicts] == [rule.name for rule in rules()]
    assert not explained.valid
    assert len(explained.nearest) == NEAREST
    assert all(Evaluator(rule_inputs).objection(near.variant) is None for near in explained.nearest)


def test_the_nearest_have_the_fewest_different_axes_then_the_smallest_distance(rule_inputs: RuleInputs) -> None:
    point, axes = parse_name(IMPOSSIBLE), universe(rule_inputs)

    def distance(other: Variant) -> tuple[int, int]:
        pairs = [(getattr(point, axis), getattr(other, axis)) for axis in Axis]
        return sum(one != two for one, two in pairs), sum(abs(position(one) - position(two)) for one, two in pairs)

    shortest = sorted(distance(other) for other in Space(rule_inputs).valid(axes))[:NEAREST]
    nearest = explain(IMPOSSIBLE, rule_inputs).nearest
    assert [distance(near.variant) for near in nearest] == shortest
    assert [len(near.moved) for near in nearest] == [moved for moved, _ in shortest]


def test_an_explanation_agrees_with_the_plan(plan: Plan, rule_inputs: RuleInputs) -> None:
    names = {planned.name for planned in plan.variants}
    for name in (*sorted(names)[:3], *(excluded.variant.name for excluded in plan.excluded[::30])):
        explained = explain(name, rule_inputs)
        assert explained.in_matrix
        assert explained.valid is (name in names)
    rejected = plan.excluded[0]
    first = next(verdict for verdict in explain(rejected.variant.name, rule_inputs).verdicts if not verdict.ok)
    assert first == rejected.verdict


def test_a_variant_outside_the_matrix(rule_inputs: RuleInputs) -> None:
    explained = explain("ray2.49.2-vllm0.11.0-torch2.8.0-py311-cu128", rule_inputs)
    assert explained.valid
    assert not explained.in_matrix
    assert explained.variant not in [near.variant for near in explained.nearest]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ray2.60.1-py311-cpu", "nearest known version is 2.60.0"),
        ("ray2.60.0-vllm0.32.1-torch2.13.0-py311-cu130", "nearest known version is 0.32.0"),
        ("raynightly-py311-cpu", "nearest known version is 2.60.0"),
        ("ray2.60.0-py311-cpu-arm64", "Did you mean 'amd64'?"),
        ("ray2.60.0", "is not a variant's name"),
    ],
)
def test_an_unknown_release_or_architecture_gets_the_nearest(rule_inputs: RuleInputs, name: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        explain(name, rule_inputs)
    assert message in str(caught.value)


def test_an_explanation_needs_facts(rule_inputs: RuleInputs) -> None:
    with pytest.raises(ConfigurationError, match=r"The facts do not contain ray 2\.60\.0"):
        explain("ray2.60.0-py311-cpu", replace(rule_inputs, facts=Facts({})))


def test_the_json_document(rule_inputs: RuleInputs) -> None:
    document = json.loads(json.dumps(explanation_document(explain(IMPOSSIBLE, rule_inputs))))
    assert (document["schema"], document["name"], document["valid"], document["in_matrix"]) == (
        1,
        IMPOSSIBLE,
        False,
        False,
    )
    against = [verdict["rule"] for verdict in document["verdicts"] if not verdict["ok"]]
    assert against == ["vllm-ray", "requires-python", "ray-python"]
    assert all(verdict["evidence"] for verdict in document["verdicts"] if not verdict["ok"])
    for near in document["nearest"]:
        assert near["moved"] == [axis for axis in near["axes"] if near["axes"][axis] != document["axes"][axis]]


def test_the_table(rule_inputs: RuleInputs) -> None:
    text = "\n".join(explanation(explain(IMPOSSIBLE, rule_inputs), None, every_rule=False))
    assert f"{IMPOSSIBLE} cannot exist; it is not in matrix.yaml" in text
    assert "ray[cgraph]!=2.44.*,>=2.43.0" in text
    assert "python 3.13 -> 3.11, ray 2.44.0 -> 2.45.0" in text
