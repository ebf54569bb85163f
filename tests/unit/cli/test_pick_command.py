"""The command `pick` without an engine, so that no image counts as built."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from raydock.__main__ import cli
from raydock.core.errors import ConfigurationError
from tests.support.inprocess import run_in_process
from tests.support.toy import ROOT, Checkout, Run

NOWHERE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}


def pick(*arguments: str, stdin: str = "") -> Run:
    return run_in_process(Checkout(root=ROOT, environment=NOWHERE), "pick", *arguments, stdin=stdin)


def test_without_an_engine_images_of_the_plan_are_shown_with_a_warning() -> None:
    done = pick("-", "--json", stdin="535.104.05, 8.0, NVIDIA A100-SXM4-80GB\r\n")
    assert done.code == 0
    document = json.loads(done.out)
    assert (document["tag"], document["where"], document["digest"]) == (
        "ray2.60.0-vllm0.10.2-torch2.8.0-py313-cu128",
        "planned",
        None,
    )
    assert "no Docker engine answers" in done.err


NEW, OLD = "ray2.60.0-vllm0.32.0-torch2.13.0-py313-cu130", "ray2.60.0-vllm0.10.2-torch2.8.0-py313-cu128"


def test_forward_compatibility_is_accepted_for_all_hosts_or_by_hosts_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lockfiles", "templates", "matrix.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name, gpu in (("gpu01", "8.0, NVIDIA A100-SXM4-80GB"), ("gpu02", "9.0, NVIDIA H100 PCIe")):
        (tmp_path / f"{name}.csv").write_text(f"535.104.05, {gpu}\n")
    monkeypatch.setenv("RAYDOCK_ROOT", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", NOWHERE["DOCKER_HOST"])

    def tags(*arguments: str) -> list[str]:
        files = [str(tmp_path / f"{name}.csv") for name in ("gpu01", "gpu02")]
        done = CliRunner().invoke(cli, ["pick", "--json", *arguments, *files], standalone_mode=False)
        document = json.loads(done.stdout)
        return [host["tag"] for host in (*document["hosts"], document["all"])]

    assert tags() == [OLD, OLD, OLD]
    assert tags("--forward-compat") == [NEW, NEW, NEW]
    (tmp_path / "hosts.yaml").write_text('hosts:\n  gpu02: {engine: "ssh://gpu02", forward-compat: true}\n')
    assert tags() == [OLD, NEW, OLD]


def test_several_hosts_of_which_one_fails(tmp_path: Path) -> None:
    (tmp_path / "gpu01.csv").write_text("580.95.05, 9.0, NVIDIA H100 PCIe\n")
    (tmp_path / "gpu02.csv").write_text("")
    done = pick(str(tmp_path / "gpu01.csv"), str(tmp_path / "gpu02.csv"))
    assert done.code == 1
    assert "vllm0.32.0" in done.out
    assert "gpu02: nvidia-smi printed nothing." in done.err


def test_a_driver_too_old_for_all_fails_with_a_document() -> None:
    done = pick("--driver", "470.256.02", "--gpu", "7.5", "--json")
    assert done.code == 1
    document = json.loads(done.out)
    assert document["tag"] is None
    assert document["error"] in done.err


@pytest.mark.parametrize("arguments", [(), ("--gpu", "8.0"), ("--driver", "535.104.05"), ("-", "--gpu", "none")])
def test_no_host_or_two_descriptions_of_one_are_bad_usage(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, ["pick", *arguments], standalone_mode=False)
    assert isinstance(done.exception, ConfigurationError)
    assert "--driver 535.104.05 --gpu 8.0" in done.exception.todo


def test_an_empty_selection_has_a_separate_exit_code() -> None:
    assert pick("--gpu", "none", "--select", "cuda=cpu,torch=!none").code == 3
