"""A plan as lines: what they say, and that they fit."""

from dataclasses import replace

import pytest

from raydock.model.variant import Axis
from raydock.plan import text
from raydock.plan.explain import explain
from raydock.plan.planner import Plan
from raydock.plan.rules.verdict import RuleInputs
from raydock.plan.select import select

WIDTH = 80


def _sizes(plan: Plan) -> dict[str, int | None]:
    return {planned.name: 4_185_000_000 for planned in plan.variants}


def test_the_grid_of_a_selection_has_its_rows_and_columns_only(plan: Plan) -> None:
    lines = text.grid(plan, select(plan, ["quickstart"]), {}, WIDTH)
    assert lines == [
        "                   cpu",
        "ray    torch vllm  3.11 3.13",
        "2.60.0 none  none   +    +",
    ]


def test_the_grid_of_the_matrix_fits_a_terminal(plan: Plan) -> None:
    lines = text.grid(plan, plan.variants, _sizes(plan), WIDTH)
    assert len(lines) < 30
    assert max(map(len, lines)) <= WIDTH
    assert "".join(lines).count(text.EXISTS) == len(plan.variants)
    assert [line for line in lines if "13.0" in line.split()] == [lines[0]]
    driver = lines[1].split()
    assert driver[:3] == ["driver", ">=", "-"]
    assert "580.65.06" in driver
    serving = next(line for line in lines if line.startswith("2.60.0 2.13.0 0.32.0"))
    assert serving.split()[3:] == ["4,185", "-", "-", "-", "-", "+", "+"]


def test_a_point_of_its_own_and_a_group_with_packages_have_rows(plan: Plan) -> None:
    lines = text.grid(plan, plan.variants, {}, None)
    assert [line.split()[3:] for line in lines if " 0.3.0 " in line] == [["+"]]
    assert [line.split() for line in lines if "xgboost" in line] == [["2.60.0", "none", "none", "xgboost", "+"]]


@pytest.mark.parametrize("width", [60, 45, 30])
def test_without_room_the_sizes_are_dropped_then_cudas_go_below_each_other(plan: Plan, width: int) -> None:
    lines = text.grid(plan, plan.variants, _sizes(plan), width)
    assert "4,185" not in "".join(lines)
    assert "".join(lines).count(text.EXISTS) == len(plan.variants)
    assert max(map(len, lines)) <= max(width, 40)  # one CUDA needs 40
    assert "" in lines


def test_a_cuda_without_variants_has_no_column(plan: Plan) -> None:
    lines = text.grid(plan, select(plan, selectors=["cuda=13.0"]), {}, None)
    assert lines[0].split() == ["13.0"]


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (None, ["variant", "groups", "driver", "GPU (sm)", "nvcc", "glibc", "download"]),
        (120, ["variant", "groups", "driver", "GPU (sm)", "nvcc", "download"]),
        (80, ["variant", "driver", "download"]),
        (60, ["variant", "driver"]),
        (20, ["variant"]),
    ],
)
def test_columns_that_do_not_fit_are_dropped_in_their_order(plan: Plan, width: int | None, columns: list[str]) -> None:
    lines = text.listing(plan.variants, _sizes(plan), width)
    assert [" ".join(words.split()) for words in lines[0].replace("GPU (sm)", "GPU_(sm)").split("  ") if words] == [
        column.replace(" ", "_") for column in columns
    ]
    assert [line.split()[0] for line in lines[1:]] == [planned.name for planned in plan.variants]
    assert all(line == line.rstrip() for line in lines)


def test_reasons_are_counted(plan: Plan) -> None:
    grouped = text.by_reason(plan.excluded)
    assert [len(group) for group in grouped] == [24, 24, 16, 16, 4, 4]
    assert {exclusion for group in grouped for exclusion in group} == set(plan.excluded)
    assert all(len({exclusion.verdict for exclusion in group}) == 1 for group in grouped)


def test_a_reason_has_the_fact_an_example_and_the_nearest_variant(plan: Plan) -> None:
    marked = replace(plan.excluded[0], verdict=plan.excluded[0].verdict._replace(evidence="requires ray[cgraph]>=2"))
    lines = text.reasons([marked], None)
    assert lines == [
        f"1 x {marked.verdict.reason}",
        "  fact: requires ray[cgraph]>=2",
        f"  such as {marked.variant.name}; nearest: {marked.nearest}",
    ]


def test_no_line_is_broken_inside_a_word(plan: Plan) -> None:
    names = {planned.name for planned in plan.variants}
    lines = text.reasons(plan.excluded, 40)
    words = {word.strip(";") for line in lines for word in line.split()}
    assert {point.nearest for group in text.by_reason(plan.excluded) for point in group[:1]} <= words & names


def test_refusals_come_first_and_all_rules_on_request(rule_inputs: RuleInputs) -> None:
    impossible = explain("ray2.44.0-vllm0.8.5-torch2.6.0-py313-cu124", rule_inputs)
    short = text.explanation(impossible, None, every_rule=False)
    long = text.explanation(impossible, None, every_rule=True)
    assert short[1].startswith("NO ")
    assert not [line for line in short if line.startswith("ok ")]
    refused = sum(line.startswith("NO ") for line in long)
    assert refused == sum(line.startswith("NO ") for line in short) == sum(not v.ok for v in impossible.verdicts)
    rules = [line.split()[1].rstrip(":") for line in long if line[:3] in {"NO ", "ok ", "-  "}]
    assert sorted(rules) == sorted(verdict.rule for verdict in impossible.verdicts)
    assert f"{len(rules) - refused} rules do not refuse it: -v lists them." in short


def test_every_axis_of_the_plan_is_in_the_grid(plan: Plan) -> None:
    printed = "\n".join(text.grid(plan, plan.variants, {}, None)).split()
    for axis in (Axis.RAY, Axis.TORCH, Axis.VLLM, Axis.CUDA, Axis.PYTHON):
        assert {getattr(planned.variant, axis) for planned in plan.variants} <= set(printed)
