"""How commands select variants, and what a shell completes."""

from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from raydock.__main__ import cli
from tests.support.inprocess import run
from tests.support.toy import ROOT

CPU = ("ray2.60.0-py311-cpu", "ray2.60.0-py313-cpu")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([CPU[0]], CPU[:1]),
        ([CPU[1], CPU[0]], CPU),
        (["ray2.60.0-py31*-cpu"], CPU),
        (["ray2.60.0-*-cpu", "--select", "python=3.11"], CPU[:1]),
        (["ray2.60.0-*", "--group", "quickstart"], CPU),
    ],
)
def test_names_and_patterns_are_arguments(arguments: list[str], names: tuple[str, ...]) -> None:
    done = run("plan", "--json", *arguments)
    assert done.code == 0, done.summary
    assert tuple(done.variants) == names


def test_a_group_option_can_name_several() -> None:
    both = run("plan", "--json", "--group", "quickstart, train").variants
    assert both == run("plan", "--json", "--group", "quickstart", "--group", "train").variants
    assert len(both) > len(run("plan", "--json", "--group", "train").variants)


def test_a_misspelt_name_gets_the_nearest_one() -> None:
    done = run("images", "ray2.60.0-py311-cpo")
    assert (done.code, done.out) == (2, "")
    assert "'ray2.60.0-py311-cpo' is not a variant" in done.err
    assert f"Did you mean '{CPU[0]}'?" in done.err


def test_a_value_that_no_variant_has_is_reported_by_each_command(tmp_path: Path) -> None:
    text = (ROOT / "matrix.yaml").read_text().replace('"2.60.0"]', '"2.60.0", "2.99.0"]', 1)
    assert "2.99.0" in text
    (tmp_path / "matrix.yaml").write_text(text)
    for name in ("lockfiles", "templates", "images"):
        (tmp_path / name).symlink_to(ROOT / name)
    for command in (["plan", "--json"], ["lock", "--check"], ["render", "--check"]):
        done = run(*command, root=tmp_path)
        assert done.err.count("matrix.yaml: no variant has ray 2.99.0: ") == 1, done.summary
    assert "2.99.0" not in run("plan", "--quiet", "--json", root=tmp_path).err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("images", "ray2.60.0-py311-c"), ["ray2.60.0-py311-cpu", "ray2.60.0-py311-cpu-xgboost"]),
        (("images", "--group", "quick"), ["quickstart"]),
        (("plan", "--group", "train,qui"), ["train,quickstart"]),
        (("smoke", "--host", "gp"), ["gpu1", "gpus"]),
        (("ci", "push", "registry.example/ray", "ray2.60.0-py313-c"), ["ray2.60.0-py313-cpu"]),
    ],
)
def test_a_shell_completes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...], expected: list[str]
) -> None:
    for name in ("matrix.yaml", "lockfiles"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "hosts.yaml").write_text("hosts: {gpu1: {engine: 'ssh://ray@gpu1', labels: [gpus]}}\n")
    monkeypatch.setenv("RAYDOCK_ROOT", str(tmp_path))
    *before, unfinished = words
    found = BashComplete(cli, {}, "raydock", "_RAYDOCK_COMPLETE").get_completions(list(before), unfinished)
    assert [item.value for item in found] == expected


def test_without_a_matrix_a_shell_completes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAYDOCK_ROOT", str(tmp_path))
    complete = BashComplete(cli, {}, "raydock", "_RAYDOCK_COMPLETE").get_completions
    for words in (["images"], ["images", "--group"], ["smoke", "--host"]):
        assert complete(words, "r") == []
