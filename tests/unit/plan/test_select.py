import dataclasses

import pytest

from raydock.core.errors import ConfigurationError, ExitCode, SelectionError
from raydock.plan.planner import Plan
from raydock.plan.select import select


@pytest.mark.parametrize(
    ("groups", "selectors", "names", "count"),
    [
        ([], [], [], 23),
        (["legacy"], [], [], 1),
        ([], ["vllm=0.3.0"], [], 1),
        ([], ["cuda=12.1"], [], 1),
        (["quickstart"], [], [], 2),
        (["train"], [], [], 8),
        (["serve"], [], [], 8),
        (["quickstart", "serve"], [], [], 10),
        (["all", "quickstart"], [], [], 20),
        ([], ["cuda=13.0"], [], 9),
        ([], ["cuda=13.0", "cuda=cpu"], [], 14),
        ([], ["cuda=13.0,python=3.1*"], [], 9),
        ([], ["cuda=13.0, python=3.13"], [], 4),
        ([], ["vllm=!none"], [], 9),
        ([], ["cuda=!cpu,cuda=!13.*"], [], 9),
        ([], ["name=ray2.60.0-*,vllm=!none"], [], 4),
        ([], ["name=!ray2.60.0-*"], [], 11),
        (["serve"], ["ray=2.60.0"], [], 4),
        ([], [], ["ray2.60.0-py311-cpu"], 1),
        ([], [], ["ray2.60.0-py311-cpu", "*-cu130"], 9),
        (["train"], ["python=3.11"], ["ray2.60.0-*"], 2),
    ],
)
def test_select(plan: Plan, groups: list[str], selectors: list[str], names: list[str], count: int) -> None:
    selected = select(plan, groups, selectors, names)
    assert len(selected) == count
    assert [planned for planned in plan.variants if planned in selected] == list(selected)


@pytest.mark.parametrize(
    ("groups", "selectors", "names", "message"),
    [
        (["serv"], [], [], "'serve'"),
        (["legasy"], [], [], "'legacy'"),
        ([], ["torch=2.1.3"], [], "'2.1.2'"),
        ([], ["pyton=3.11"], [], "'python'"),
        ([], ["cuda=13.1"], [], "'13.0'"),
        ([], ["cuda=!cpuu"], [], "'cpu'"),
        ([], ["cuda"], [], "axis=pattern"),
        ([], ["cuda="], [], "axis=pattern"),
        ([], ["cuda=13.0,"], [], "axis=pattern"),
        ([], [""], [], "axis=pattern"),
        ([], ["name=ray2.60.0-py311-cp"], [], "'ray2.60.0-py311-cpu'"),
        ([], [], ["ray2.60.0-py311-cp"], "'ray2.60.0-py311-cpu'"),
    ],
)
def test_a_misspelt_option_suggests_the_nearest(
    plan: Plan, groups: list[str], selectors: list[str], names: list[str], message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        select(plan, groups, selectors, names)
    assert message in str(caught.value)
    assert caught.value.exit_code is ExitCode.BAD_INPUT


def test_the_error_for_an_impossible_name_has_the_reason(plan: Plan) -> None:
    with pytest.raises(ConfigurationError) as caught:
        select(plan, names=["ray2.60.0-torch2.8.0-py311-cu130"])
    assert caught.value.what.endswith("cannot exist: torch 2.8.0 is built for CUDA 12.8.")
    assert "nvidia-cuda-runtime-cu12==12.8.90" in caught.value.meaning
    assert "ray2.60.0-torch2.13.0-py311-cu130" in caught.value.todo


def test_the_error_for_an_empty_selection_has_the_matches_of_each_option(plan: Plan) -> None:
    with pytest.raises(SelectionError) as caught:
        select(plan, ["quickstart"], ["cuda=13.0,python=3.11", "name=*-cu128"], ["ray2.4*"])
    assert caught.value.exit_code is ExitCode.NOTHING_SELECTED
    for message in (
        "--group quickstart: 2,",
        "--select 'cuda=13.0,python=3.11': 5 (cuda=13.0: 9, python=3.11: 13),",
        "--select 'name=*-cu128': 8,",
        "ray2.4*: 11.",
    ):
        assert message in caught.value.meaning


def test_a_matrix_of_which_no_variant_can_exist_is_a_wrong_file(plan: Plan) -> None:
    with pytest.raises(ConfigurationError, match=r"^matrix\.yaml: no variant can exist\.") as caught:
        select(dataclasses.replace(plan, variants=()))
    assert caught.value.exit_code is ExitCode.BAD_INPUT
    assert caught.value.meaning.startswith("Reasons: ")
    assert " more." in caught.value.meaning
    assert caught.value.todo.startswith("change the values in matrix.yaml")


def test_a_selection_of_points_that_cannot_exist_has_their_reasons(plan: Plan) -> None:
    with pytest.raises(
        SelectionError, match=r"only points that cannot exist, such as ray2\.49\.1-torch2\.8\.0"
    ) as caught:
        select(plan, selectors=["torch=2.8.0,cuda=13.0"])
    assert caught.value.exit_code is ExitCode.NOTHING_SELECTED
    assert "torch 2.8.0 is built for CUDA 12.8" in caught.value.meaning
    assert caught.value.todo.startswith("the nearest variant of that one is ray2.49.1-")
    with pytest.raises(SelectionError, match="only points that cannot exist"):
        select(plan, names=["ray2.60.0-torch2.8.0-*-cu130"])


def test_a_group_of_which_no_variant_can_exist_is_a_wrong_file(plan: Plan) -> None:
    groups = {**plan.matrix.groups, "bad": {"torch": "2.8.0", "cuda": "13.0", "ray": "2.60.0"}}
    changed = dataclasses.replace(plan, matrix=dataclasses.replace(plan.matrix, groups=groups))
    with pytest.raises(ConfigurationError, match="no variant of the group bad can exist") as caught:
        select(changed, groups=["bad"])
    assert caught.value.exit_code is ExitCode.BAD_INPUT
    assert "torch 2.8.0 is built for CUDA 12.8" in caught.value.meaning
    assert "the nearest variant is ray2.60.0-" in caught.value.todo


def test_a_glob_that_matches_no_value(plan: Plan) -> None:
    with pytest.raises(SelectionError, match="cuda=11"):
        select(plan, selectors=["cuda=11.*"])
