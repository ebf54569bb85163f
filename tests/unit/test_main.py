"""The command line as a user meets it: its exit code and its output."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from raydock.__main__ import COMMANDS
from tests.support.inprocess import run
from tests.support.toy import ROOT, Checkout

LOCK = "ray2.60.0-py311-cpu.txt"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("matrix.yaml", "templates", "lockfiles", "images"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = run(command, "--help")
    assert done.code == 0
    assert f"Example: ./build.py {command}" in done.out


def test_a_process_ends_as_the_command_does() -> None:
    checkout = Checkout(root=ROOT, environment=dict(os.environ))
    done = checkout.run("plan", "--json", "--group", "quickstart")
    assert (done.code, sorted(done.variants)) == (0, ["ray2.60.0-py311-cpu", "ray2.60.0-py313-cpu"])
    arguments = ("plan", "--select", "cuda=cpu,torch=!none")
    assert checkout.run(*arguments) == run(*arguments)


def test_plan_json_is_one_document_of_twenty_variants() -> None:
    document = json.loads(run("plan", "--json", "--group", "all").out)
    assert document["schema"] == 1
    assert len(document["variants"]) == 20
    assert all(item["reason"] and item["evidence"] for item in document["excluded"])
    assert all(item["download_bytes"] > 10**8 for item in document["variants"])


def test_plan_has_forms_for_people_and_for_programs() -> None:
    """Piped output has no spaces at the end of a line, no folded line and no control character."""
    document = json.loads(run("plan", "-o", "json", "--group", "quickstart").out)
    assert yaml.safe_load(run("plan", "-o", "yaml", "--group", "quickstart").out) == document
    names = [variant["name"] for variant in document["variants"]]
    assert run("plan", "-o", "name", "--group", "quickstart").out == "".join(f"{name}\n" for name in names)
    wide, why, grid = (run("plan", *options).out for options in (["-o", "wide"], ["--why"], []))
    assert names[0] in wide.split()
    assert "16 x torch 2.13.0 is built for CUDA 13.0\n" in why
    assert "16 x torch" not in grid
    assert "+ 23 variants   - 88 points that cannot exist\n" in grid
    for text in (wide, why, grid):
        lines = text.splitlines()
        assert [line for line in lines if line != line.rstrip() or not line.isprintable()] == []
    assert max(map(len, grid.splitlines()[:16])) <= 80


def test_plan_explains_a_point_that_matrix_yaml_does_not_name() -> None:
    document = json.loads(run("plan", "--json", "--explain", "ray2.44.0-vllm0.8.5-torch2.6.0-py311-cu124").out)
    assert not document["valid"]
    assert [item["rule"] for item in document["verdicts"] if not item["ok"]] == ["vllm-ray"]
    done = run("plan", "--explain", "ray2.60.1-py311-cpu")
    assert done.code == 2
    assert "2.60.0" in done.err
    assert run("plan", "--explain", "ray2.60.0-py311-cpu", "--group", "serve").code == 2


def test_suggest_names_sets_for_a_host_or_says_why_there_is_none() -> None:
    arguments = ("suggest", "--need", "vllm", "--gpu", "8.0", "--json", "--driver")
    document = json.loads(run(*arguments, "535.104.05").out)
    assert document["suggestions"][0]["axes"]["cuda"] == "12.8"
    done = run(*arguments, "450.80.02")
    assert done.code == 3
    assert "needed by CUDA 12.1" in done.err
    error = json.loads(done.out)["error"]
    assert error["exit_code"] == 3
    assert error["what"] in done.err
    assert error["todo"] in done.err


def test_a_misspelt_word_gets_the_nearest_right_one() -> None:
    done = run("plan", "--group", "quickstrat")
    assert done.code == 2
    assert "'quickstart'" in done.err


def test_an_unknown_option_is_bad_usage() -> None:
    assert run("plan", "--jsn").code == 2
    assert json.loads(run("images", "--json", "--jsn").out)["error"]["exit_code"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--image", "ray:1", "--group", "serve"), "--image cannot be combined with a selection"),
        (("--image", "ray:1", "--contract", "--group", "serve"), "--image cannot be combined with a selection"),
        (("--image", "ray:1", "--gpu", "off"), "Next: ./build.py smoke --gpu require --image ray:1, or --contract."),
        (("--image", "ray:1", "--gpus", "first"), "'first' is not the name of a GPU."),
        (("--image", "ray:1", "--volume", "model"), "--volume model is not HOST:PATH."),
        (("--python", "python3.12"), "Next: add --image REF, or remove them."),
        (("--gpus", "first", "--group", "serve"), "'first' is not the name of a GPU."),
    ],
)
def test_options_of_smoke_that_do_not_go_together_are_bad_usage(arguments: tuple[str, ...], message: str) -> None:
    done = run("smoke", *arguments)
    assert done.code == 2
    assert message in done.err


def test_an_empty_selection_has_its_own_code() -> None:
    done = run("plan", "--select", "cuda=cpu,torch=!none")
    assert done.code == 3
    assert done.out == ""


def test_a_broken_matrix_names_file_and_line(checkout: Path) -> None:
    text = (checkout / "matrix.yaml").read_text().replace("cutoff:", "cutof:")
    (checkout / "matrix.yaml").write_text(text)
    done = run("plan", root=checkout)
    line = next(number for number, row in enumerate(text.splitlines(), 1) if row.startswith("cutof:"))
    assert done.code == 2
    assert f"matrix.yaml:{line}: " in done.err
    assert "'cutoff'" in done.err


def test_checks_pass_on_the_committed_tree() -> None:
    assert run("lock", "--check").code == 0
    assert run("render", "--check").code == 0


def test_lock_check_says_what_is_stale_and_writes_nothing(checkout: Path) -> None:
    edited = checkout / "lockfiles" / "ray2.60.0-py311-cpu.txt"
    edited.write_text(edited.read_text().replace("ray==2.60.0", "ray==2.60.1"))
    orphan = checkout / "lockfiles" / "ray1.0.0-py311-cpu.txt"
    shutil.copy(edited, orphan)
    done = run("lock", "--check", root=checkout)
    assert done.code == 1
    assert "lockfiles/ray2.60.0-py311-cpu.txt" in done.err
    assert "lockfiles/ray1.0.0-py311-cpu.txt" in done.err
    assert "ray==2.60.1" in edited.read_text()


def test_what_no_variant_needs_is_removed_unless_there_is_a_selection(checkout: Path) -> None:
    """`lock` and `render` fix what their --check reports."""
    locks = [checkout / "lockfiles" / name for name in ("ray1.0.0-py311-cpu.txt", "debian-py39.debs")]
    for lock in locks:
        lock.write_text("old")
    folder = checkout / "images" / "ray1.0.0-py311-cpu"
    folder.mkdir()
    for command in ("lock", "render"):
        selected = run(command, "ray2.60.0-py311-cpu", root=checkout)
        assert selected.code == 0, selected.summary
        assert "emoved" not in selected.out
    assert run("render", "--check", root=checkout).code == 1
    locked, rendered = run("lock", root=checkout), run("render", root=checkout)
    assert locked.code == rendered.code == 0, (locked.summary, rendered.summary)
    assert "Removed, because no variant needs them: ray1.0.0-py311-cpu.txt, debian-py39.debs." in locked.out
    assert "1 removed" in rendered.out
    assert not [path for path in (*locks, folder) if path.exists()]
    assert run("render", "--check", root=checkout).code == 0


def test_render_mends_what_check_complains_of(checkout: Path) -> None:
    dockerfile = checkout / "images" / "ray2.60.0-py311-cpu" / "Dockerfile"
    committed = dockerfile.read_text()
    dockerfile.write_text("FROM scratch\n")
    assert run("render", "--check", root=checkout).code == 1
    assert dockerfile.read_text() == "FROM scratch\n"
    assert run("render", root=checkout).code == 0
    assert dockerfile.read_text() == committed


@pytest.mark.parametrize(
    ("break_it", "arguments", "code", "message"),
    [
        (
            lambda root: (root / "lockfiles" / LOCK).write_bytes(b"\xff"),
            ("render", "--check"),
            2,
            f"{LOCK} is not text",
        ),
        (
            lambda root: (root / "templates" / "Dockerfile.j2").write_text("FROM x\n{% if"),
            ("render", "--check"),
            2,
            "templates/Dockerfile.j2:2: TemplateSyntaxError",
        ),
        (
            lambda root: (root / "lockfiles").rename(root / "away").parent.joinpath("lockfiles").write_text(""),
            ("plan",),
            4,
            "lockfiles/facts.json cannot be used: Not a directory.",
        ),
    ],
)
def test_a_broken_checkout_is_an_error_with_the_next_step(
    checkout: Path, break_it: Callable[[Path], object], arguments: tuple[str, ...], code: int, message: str
) -> None:
    break_it(checkout)
    done = run(*arguments, root=checkout)
    assert done.code == code
    assert message in done.err
    assert "Next: " in done.err
    assert "Traceback" not in done.err
