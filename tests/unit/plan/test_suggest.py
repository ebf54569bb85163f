import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from msgspec import structs

from raydock.compat.runs import older
from raydock.core.errors import ConfigurationError, ExitCode, SelectionError
from raydock.model import matrix as matrix_file
from raydock.model.facts import Facts
from raydock.model.gpubuild import GpuBuild, Versions
from raydock.model.matrix import Matrix
from raydock.model.variant import Axis
from raydock.plan import planner
from raydock.plan.output import suggestions_document, suggestions_lines
from raydock.plan.rules.evaluator import Evaluator
from raydock.plan.rules.verdict import RuleInputs
from raydock.plan.suggest import MOST, Suggestions, parse_needs, suggest


def suggestions(
    rule_inputs: RuleInputs, *needs: str, driver: str = "", gpus: tuple[str, ...] = (), python: str = ""
) -> Suggestions:
    return suggest(parse_needs(needs, driver, gpus, python, rule_inputs), rule_inputs)


@pytest.fixture(scope="module")
def old_host(rule_inputs: RuleInputs) -> Suggestions:
    return suggestions(rule_inputs, "vllm", driver="535.104.05", gpus=("8.0",), python="3.11")


def test_the_newest_vllm_for_an_old_driver(old_host: Suggestions, rule_inputs: RuleInputs, facts: Facts) -> None:
    assert len(old_host.found) == MOST
    vllms = [suggestion.variant.vllm for suggestion in old_host.found]
    known = [version for version in reversed(facts.versions["vllm"]) if version in vllms]
    assert vllms == known
    for suggestion in old_host.found:
        assert Evaluator(rule_inputs).objection(suggestion.variant) is None
        assert suggestion.variant.python == "3.11"
        assert 80 in suggestion.sm
        assert not older("535.104.05", suggestion.min_driver)
    (rejected,) = old_host.rejected
    assert rejected.reason == "driver 535.104.05 < 580.65.06 needed by CUDA 13.0"
    newest, *_, oldest = rejected.versions
    assert newest == facts.versions["vllm"][-1]
    index = facts.versions["vllm"].index(oldest)
    assert facts.versions["vllm"][index - 1] == vllms[0]


def test_the_lines_make_a_set_a_variant(old_host: Suggestions, matrix: Matrix, facts: Facts, tmp_path: Path) -> None:
    for suggestion in old_host.found[:2]:
        lines = {line.split(":")[0]: line for line in suggestion.lines}
        text = [
            f"  {lines[key]}" if (key := row.strip().split(":")[0]) in lines and row.startswith("  ") else row
            for row in matrix.path.read_text().splitlines()
        ]
        path = tmp_path / "matrix.yaml"
        path.write_text("\n".join(text))
        made = planner.make(matrix_file.load(path), facts, date(2026, 11, 22))
        assert suggestion.variant in [planned.variant for planned in made.variants]
        assert lines


def test_a_newer_driver_gets_the_newest_release(rule_inputs: RuleInputs, facts: Facts) -> None:
    result = suggestions(rule_inputs, "vllm", driver="580.65.06", gpus=("9.0",))
    assert result.found[0].variant.vllm == facts.versions["vllm"][-1]
    assert result.rejected == ()


def test_mixed_gpus_must_all_run(rule_inputs: RuleInputs) -> None:
    result = suggestions(rule_inputs, "torch", gpus=("7.0", "9.0"))
    assert all({70, 90} <= set(suggestion.sm) for suggestion in result.found)
    assert any(
        "sm_70 not among the GPUs that CUDA 13.0 compiles for" in rejected.reason for rejected in result.rejected
    )
    assert {suggestion.variant.vllm for suggestion in result.found} == {"none"}


def test_the_need_ray_gives_the_cpu_image(rule_inputs: RuleInputs, facts: Facts) -> None:
    best = suggestions(rule_inputs).found[0]
    assert (best.variant.cuda, best.variant.torch, best.min_driver, best.sm) == ("cpu", "none", "", ())
    assert best.variant.ray == facts.versions["ray"][-1]


def test_with_hardware_the_default_need_is_torch(rule_inputs: RuleInputs) -> None:
    assert parse_needs((), "535.104.05", (), "", rule_inputs).needs is Axis.TORCH
    assert parse_needs(("ray", "vllm"), "", (), "", rule_inputs).needs is Axis.VLLM
    assert parse_needs(("ray",), "535.104.05", (), "", rule_inputs).needs is Axis.RAY


def test_a_variant_of_matrix_yaml_needs_no_line(rule_inputs: RuleInputs, matrix: Matrix) -> None:
    for suggestion in suggestions(rule_inputs, "ray").found:
        assert bool(suggestion.lines) is (suggestion.variant.ray not in matrix.axes[Axis.RAY])


@pytest.mark.parametrize("gpu", ["5.0", "6.0", "6.1"])
def test_vllm_has_no_code_below_volta(rule_inputs: RuleInputs, gpu: str) -> None:
    assert suggestions(rule_inputs, "torch", driver="550.90.07", gpus=(gpu,)).found
    with pytest.raises(SelectionError) as caught:
        suggestions(rule_inputs, "vllm", driver="550.90.07", gpus=(gpu,))
    sm = f"sm_{gpu.replace('.', '')}"
    *newer, others = caught.value.meaning.splitlines()
    assert all(f"{sm} not among the GPUs that CUDA 13" in line for line in newer)
    assert others.endswith(f": {sm} older than sm_70, the oldest that vllm compiles for")
    assert caught.value.todo == "use a different GPU, or use `--need ray` for a CPU image."


def test_a_set_for_unknown_gpus_is_suggested_if_no_other_runs(rule_inputs: RuleInputs, matrix: Matrix) -> None:
    newest = replace(rule_inputs.facts.releases["torch", rule_inputs.facts.versions["torch"][-1]], version="9.0.0")
    future = replace(rule_inputs, facts=Facts({**rule_inputs.facts.releases, ("torch", "9.0.0"): newest}))
    build = GpuBuild(torch=Versions("9.0.0"), cuda="13.2", capabilities=("75", "110"))
    known = suggestions(future, "torch", gpus=("9.0",))
    assert "9.0.0" not in [suggestion.variant.torch for suggestion in known.found]
    assert known.rejected[0].reason.startswith("it is unknown for which GPUs torch 9.0.0 for CUDA 13.2 was built")
    (unknown,) = suggestions(future, "torch", gpus=("11.0",)).found
    assert (unknown.variant.torch, unknown.sm) == ("9.0.0", ())
    (stated,) = suggestions(replace(future, matrix=replace(matrix, gpus=(build,))), "torch", gpus=("11.0",)).found
    assert (stated.variant.torch, stated.sm) == ("9.0.0", (75, 110))
    old = structs.replace(build, capabilities=("75",))
    other = replace(future, matrix=replace(matrix, gpus=(old,)))
    with pytest.raises(SelectionError, match="No set with torch runs on this host"):
        suggestions(other, "torch", gpus=("11.0",))


@pytest.mark.parametrize(
    ("driver", "gpus", "message"),
    [
        ("450.80.02", (), "driver 450.80.02 < 525.60.13 needed by CUDA 12.1"),
        ("", ("3.5",), "sm_35 not among the GPUs that CUDA 12.1 compiles for"),
        ("535.104.05", ("10.0", "5.0"), "sm_50 not in torch 2.8.0's list"),
    ],
)
def test_the_error_without_a_set_has_the_reason(
    rule_inputs: RuleInputs, driver: str, gpus: tuple[str, ...], message: str
) -> None:
    with pytest.raises(SelectionError) as caught:
        suggestions(rule_inputs, "torch", driver=driver, gpus=gpus)
    assert message in caught.value.meaning
    assert caught.value.exit_code is ExitCode.NOTHING_SELECTED


def test_suggestions_need_facts(rule_inputs: RuleInputs) -> None:
    with pytest.raises(SelectionError, match="No set with a known vllm can exist"):
        suggestions(replace(rule_inputs, facts=Facts({})), "vllm")


@pytest.mark.parametrize(
    ("needs", "driver", "gpu", "message"),
    [
        ("vlm", "", "", "Did you mean 'vllm'?"),
        ("ray", "new", "", "write it like 535.104.05"),
        ("ray", "", "A100", "not a compute capability"),
        ("ray", "", "80", "not a compute capability"),
    ],
)
def test_invalid_options(rule_inputs: RuleInputs, needs: str, driver: str, gpu: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_needs((needs,), driver, (gpu,) if gpu else (), "", rule_inputs)
    assert message in str(caught.value)


def test_a_python_that_no_base_has(rule_inputs: RuleInputs) -> None:
    with pytest.raises(ConfigurationError, match=r"No base of matrix\.yaml has Python 3\.12"):
        parse_needs((), "", (), "3.12", rule_inputs)


def test_the_json_document(old_host: Suggestions) -> None:
    made = json.loads(json.dumps(suggestions_document(old_host, {})))
    best = made["suggestions"][0]
    assert (made["schema"], best["name"], best["in_matrix"]) == (1, old_host.found[0].variant.name, False)
    assert best["lines"] == list(old_host.found[0].lines)
    assert made["rejected"][0]["versions"] == list(old_host.rejected[0].versions)


def test_the_table(old_host: Suggestions) -> None:
    lines = suggestions_lines(old_host, {}, None)
    text = "\n".join(lines) + "\n"
    assert lines[1].split("  ")[0].strip() == "variant"
    assert lines[1].endswith("in matrix.yaml  smoke test")
    assert max(map(len, suggestions_lines(old_host, {}, 80)[1 : len(old_host.found) + 2])) <= 80
    assert f"vllm 0.20.0 to {old_host.rejected[0].versions[0]}: driver 535.104.05 < 580.65.06" in text
    for suggestion in old_host.found:
        assert f"# matrix.yaml for {suggestion.variant.name}\naxes:\n  {suggestion.lines[0]}\n" in text
