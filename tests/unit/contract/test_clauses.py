"""The clauses and checks that need no container."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import docker
import pytest

from raydock.contract import image_set, inside
from raydock.contract.answer import BrokenError, NotCheckedError
from raydock.contract.bench import Bench, ClauseTimeouts, describe_failure, require_success
from raydock.contract.catalogue import APART, TOGETHER, names
from raydock.contract.kuberay import known
from raydock.contract.versions import of_tag
from raydock.engine.container import CommandResult
from raydock.model.image import ContainerImage
from raydock.model.labels import ImageLabels

ROOT = Path(__file__).parents[3]


def _bench(user: str = "1000", variables: tuple[str, ...] = (), labels: dict[str, str] | None = None) -> Bench:
    return Bench(
        client=docker.DockerClient(base_url="unix:///nonexistent/docker.sock", version="1.43"),
        image=ContainerImage(
            id="sha256:1",
            content="sha256:c1",
            user=user,
            environment=dict.fromkeys(variables, "x"),
            labels=ImageLabels(labels or {}),
        ),
        tag="foreign:1",
        network="none",
        kuberay=known(),
        timeouts=ClauseTimeouts(),
        halted=Event(),
    )


def _ended(
    out: str = "", err: str = "", *, status: int = 0, out_of_memory: bool = False, in_time: bool = True
) -> CommandResult:
    return CommandResult(out=out, err=err, status=status, out_of_memory=out_of_memory, in_time=in_time)


def test_the_catalogue_has_all_clauses_of_the_contract() -> None:
    assert list(names()) == list(range(1, 23))
    assert all(name.startswith(f"{number}-") for number, name in names().items())


def test_the_documentation_lists_the_clauses_as_the_catalogue_does() -> None:
    titles = {clause.id: clause.title for clause in APART} | {clause.id: clause.title for clause in TOGETHER}
    table = [f"| `{name}` | {titles[name]} |" for name in names().values()]
    assert "\n".join(table) in (ROOT / "docs/reference/contract.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("user", ["", "0", "root", "ray", "0:0"])
def test_a_user_that_run_as_non_root_refuses_fails(user: str) -> None:
    with pytest.raises(BrokenError, match=f"user is '{user or 'root'}'.*CreateContainerConfigError"):
        inside.user(_bench(user))


def test_a_user_that_is_a_number_passes() -> None:
    assert inside.user(_bench("1000:0")) == "the user is 1000:0"


def test_a_variable_that_misleads_ray_fails() -> None:
    assert inside.environment(_bench(variables=("PATH", "HOME")))
    with pytest.raises(BrokenError, match="RAY_ADDRESS is set by the image"):
        inside.environment(_bench(variables=("PATH", "RAY_ADDRESS")))


def test_without_a_gpu_its_clause_is_not_checked() -> None:
    with pytest.raises(NotCheckedError, match="needs a GPU"):
        inside.gpu(_bench())
    with pytest.raises(NotCheckedError, match="the image is for CPU"):
        inside.gpu(_bench(labels={"raydock.min-driver": ""}))


@pytest.mark.parametrize(
    ("ended", "message"),
    [
        (_ended(err="a\nb: not found\n", status=127), "`x` ended with exit status 127 (b: not found): a pod dies"),
        (_ended(out="no disk\n", status=1), "`x` ended with exit status 1 (no disk): a pod dies"),
        (_ended(status=1), "`x` ended with exit status 1 (no output): a pod dies"),
        (_ended(status=137, out_of_memory=True), "`x` was killed because it used up its memory: a pod dies"),
        (_ended(status=137, in_time=False), "`x` did not end in time: a pod dies"),
    ],
)
def test_the_failure_of_a_command_is_described(ended: CommandResult, message: str) -> None:
    with pytest.raises(BrokenError) as caught:
        require_success(ended, "`x`", "a pod dies")
    assert str(caught.value) == message


def test_the_output_of_a_command_is_returned() -> None:
    assert require_success(_ended(out=" 1.2.3\n"), "`x`", "a pod dies") == "1.2.3"
    assert describe_failure(_ended(err="no\n", status=2)) == "ended with exit status 2 (no)"


@pytest.mark.parametrize(
    ("reference", "promised"),
    [
        ("ray2.60.0-torch2.13.0-py311-cu130", {"Ray": "2.60.0", "Python": "3.11"}),
        ("localhost:5000/raydock:ray2.60.0-py313-cpu", {"Ray": "2.60.0", "Python": "3.13"}),
        ("rayproject/ray:2.49.1-py39-gpu", {"Ray": "2.49.1", "Python": "3.9"}),
        ("rayproject/ray:2.49.1.ab12cd-py310", {"Ray": "2.49.1", "Python": "3.10"}),
        ("rayproject/ray:2.49.1", {"Ray": "2.49.1"}),
        ("rayproject/ray:2.49.1-py311@sha256:0a1b", {"Ray": "2.49.1", "Python": "3.11"}),
        ("rayproject/ray@sha256:0a1b", {}),
        ("localhost:5000/ray", {}),
        ("ours:latest", {}),
        ("sha256:1b4c6f299fce", {}),
    ],
)
def test_the_versions_in_a_tag_are_read(reference: str, promised: dict[str, str]) -> None:
    assert of_tag(reference) == promised


def test_one_python_patch_for_each_minor_version_passes() -> None:
    assert (
        image_set.require_one_patch({"a": "3.11.2", "b": "3.11.2", "c": "3.13.5"})
        == "Python 3.11.2 in 2, Python 3.13.5 in 1"
    )


def test_two_python_patches_of_one_minor_version_fail() -> None:
    with pytest.raises(BrokenError, match=r"Python is 3\.11\.2 in a, c, 3\.11\.9 in b: "):
        image_set.require_one_patch({"a": "3.11.2", "b": "3.11.9", "c": "3.11.2", "d": "3.13.5"})


def test_an_image_without_a_python_version_is_not_ignored() -> None:
    with pytest.raises(NotCheckedError, match="b does not state"):
        image_set.require_one_patch({"a": "3.11.2", "b": ""})


def test_images_of_equal_ray_and_python_are_one_family() -> None:
    cpu, torch, other = "ray2.60.0-py311-cpu", "ray2.60.0-torch2.13.0-py311-cu130", "ray2.60.0-py313-cpu"
    assert image_set.families([cpu, other, torch, "ray2.49.1-py311-cpu"]) == [[cpu, torch]]
    assert image_set.families([cpu, other]) == []


def test_a_share_is_not_checked_on_an_engine_without_limits() -> None:
    bench = replace(_bench(), unlimited="it enforces no limits of memory and CPU (cgroup driver none)")
    limits = bench.kuberay.limits
    for share in (limits.init, limits.submitter, limits.autoscaler, limits.cleanup):
        with pytest.raises(NotCheckedError, match="it enforces no limits"):
            bench.run(["true"], share)
