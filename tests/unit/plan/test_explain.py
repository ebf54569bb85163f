import json
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from raydock.core.errors import ConfigurationError
from raydock.model.facts import Facts
from raydock.model.variant import Axis, Variant, parse_name
from raydock.model.versions import position
from raydock.plan.explain import NEAREST, explain
from raydock.plan.output import explanation, explanation_document
from raydock.plan.planner import Plan
from raydock.plan.rules import Evaluator, RuleInputs, rules
from raydock.plan.search import Space, universe

IMPOSSIBLE = "ray2.44.0-vllm0.8.5-torch2.6.0-py313-cu124"


@pytest.mark.parametrize("name", [IMPOSSIBLE, "ray2.60.0-py312-cpu", "ray2.60.0-torch2.13.0-py311-cu128"])
def test_every_rule_speaks_and_the_nearest_are_proven(rule_inputs: RuleInputs, name: str) -> None:
    found = explain(name, rule_inputs)
    assert found.variant == parse_name(name)
    assert [verdict.rule for verdict in found.verdicts] == [rule.name for rule in rules()]
    assert not found.valid
    assert len(found.nearest) == NEAREST
    assert all(Evaluator(rule_inputs).objection(near.variant) is None for near in found.nearest)


def test_nearest_moves_the_fewest_axes_and_then_the_least(rule_inputs: RuleInputs) -> None:
    point, axes = parse_name(IMPOSSIBLE), universe(rule_inputs)

    def way(other: Variant) -> tuple[int, int]:
        pairs = [(getattr(point, axis), getattr(other, axis)) for axis in Axis]
        return sum(here != there for here, there in pairs), sum(abs(position(a) - position(b)) for a, b in pairs)

    shortest = sorted(way(other) for other in Space(rule_inputs).valid(axes))[:NEAREST]
    found = explain(IMPOSSIBLE, rule_inputs).nearest
    assert [way(near.variant) for near in found] == shortest
    assert [len(near.moved) for near in found] == [moved for moved, _ in shortest]


def test_it_agrees_with_the_plan(plan: Plan, rule_inputs: RuleInputs) -> None:
    names = {item.name for item in plan.variants}
    for name in (*sorted(names)[:3], *(item.variant.name for item in plan.excluded[::30])):
        found = explain(name, rule_inputs)
        assert found.in_matrix
        assert found.valid is (name in names)
    rejected = plan.excluded[0]
    first = next(verdict for verdict in explain(rejected.variant.name, rule_inputs).verdicts if not verdict.ok)
    assert (first.rule, first.reason) == (rejected.rule, rejected.reason)


def test_a_variant_outside_the_matrix(rule_inputs: RuleInputs) -> None:
    found = explain("ray2.49.2-vllm0.11.0-torch2.8.0-py311-cu128", rule_inputs)
    assert found.valid
    assert not found.in_matrix
    assert found.variant not in [near.variant for near in found.nearest]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ray2.60.1-py311-cpu", "nearest known version is 2.60.0"),
        ("ray2.60.0-vllm0.32.1-torch2.13.0-py311-cu130", "nearest known version is 0.32.0"),
        ("raynightly-py311-cpu", "nearest known version is 2.60.0"),
        ("ray2.60.0-py311-cpu-arm64", "Did you mean 'amd64'?"),
        ("ray2.60.0", "is not a variant's name"),
    ],
)
def test_what_is_not_known_gets_the_nearest(rule_inputs: RuleInputs, name: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        explain(name, rule_inputs)
    assert words in str(caught.value)


def test_without_facts_nothing_is_near(rule_inputs: RuleInputs) -> None:
    with pytest.raises(ConfigurationError, match=r"Nothing is known of ray 2\.60\.0"):
        explain("ray2.60.0-py311-cpu", replace(rule_inputs, facts=Facts({})))


def test_for_programs(rule_inputs: RuleInputs) -> None:
    made = json.loads(json.dumps(explanation_document(explain(IMPOSSIBLE, rule_inputs))))
    assert (made["schema"], made["name"], made["valid"], made["in_matrix"]) == (1, IMPOSSIBLE, False, False)
    against = [item["rule"] for item in made["verdicts"] if not item["ok"]]
    assert against == ["vllm-ray", "requires-python", "ray-python"]
    assert all(item["evidence"] for item in made["verdicts"] if not item["ok"])
    for near in made["nearest"]:
        assert near["moved"] == [axis for axis in near["axes"] if near["axes"][axis] != made["axes"][axis]]


def test_for_people(rule_inputs: RuleInputs) -> None:
    console = Console(file=StringIO(), width=200)
    console.print(explanation(explain(IMPOSSIBLE, rule_inputs)))
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert f"{IMPOSSIBLE} cannot exist; matrix.yaml does not name it" in text
    assert "ray[cgraph]!=2.44.*,>=2.43.0" in text
    assert "python 3.13 -> 3.11, ray 2.44.0 -> 2.45.0" in text
