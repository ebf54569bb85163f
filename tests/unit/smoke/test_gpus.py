"""The results of GPU checks, with a fake engine that only answers `info`."""

import io
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import docker
import pytest

from raydock.core.errors import ConfigurationError
from raydock.engine.container import Grant
from raydock.engine.endpoint import Endpoint
from raydock.engine.gpu_access import GpuAccess, GpuSupport
from raydock.engine.start_failures import refusal
from raydock.model.report import Check, Status
from raydock.smoke.foreign_image import copied_probe
from raydock.smoke.gpus import CHECKS, GpuPolicy, GpuRequest, find_grant, grant_gpus, names, run_on_gpus

CDI = GpuSupport(way=GpuAccess.CDI, summary="Docker by CDI", devices=("0", "1:0", "all"))
RUNTIME = GpuSupport(way=GpuAccess.RUNTIME, summary="Docker by the runtime `nvidia`")
DRIVER, TORCH = CHECKS[:2]


class Engine:
    """An engine on a different host, with this answer to `docker info`."""

    endpoint = Endpoint(address="ssh://gpu1", source="DOCKER_HOST", socket="/tmp/rd1/docker.sock")

    def __init__(self, **info: Any) -> None:
        self._info = {"ServerVersion": "28.3.0", "Runtimes": {}, **info}

    def info(self) -> dict[str, Any]:
        return self._info


def engine(**info: Any) -> docker.DockerClient:
    return cast("docker.DockerClient", Engine(**info))


NONE = engine()
WITH_CDI = engine(CDISpecDirs=["/etc/cdi"], DiscoveredDevices=[{"Source": "cdi", "ID": "nvidia.com/gpu=all"}])


def _check(check: str, status: Status, detail: str = "d") -> Check:
    return Check(id=check, status=status, detail=detail, seconds=1.0)


def _never(_: Grant) -> dict[str, Check]:
    raise AssertionError("checks were run")


def _answers(
    client: docker.DockerClient, request: GpuRequest, checks: Sequence[str], run: Callable[[Grant], dict[str, Check]]
) -> dict[str, Check]:
    return run_on_gpus(find_grant(client, request), request, checks, run)


def test_without_gpu_access_auto_skips_and_names_the_fix() -> None:
    answers = _answers(NONE, GpuRequest(), CHECKS, _never)
    assert [answers[check].status for check in CHECKS] == [Status.SKIPPED] * len(CHECKS)
    assert "has neither CDI nor the runtime" in answers[DRIVER].detail
    assert "nvidia-ctk runtime configure --runtime=docker" in answers[DRIVER].detail


def test_without_gpu_access_require_fails() -> None:
    answers = _answers(NONE, GpuRequest(policy=GpuPolicy.REQUIRE), [DRIVER], _never)
    assert answers[DRIVER].status is Status.FAILED
    assert answers[DRIVER].detail.startswith("required, but could not run: no GPU: Docker 28.3.0")


def test_off_runs_nothing_and_skips() -> None:
    answers = _answers(WITH_CDI, GpuRequest(policy=GpuPolicy.OFF), [DRIVER], _never)
    assert (answers[DRIVER].status, answers[DRIVER].detail) == (Status.SKIPPED, "not run: --gpu off")


def test_the_results_of_the_probe_are_kept_and_name_the_grant() -> None:
    grants = []

    def run(grant: Grant) -> dict[str, Check]:
        grants.append(grant)
        return {DRIVER: _check(DRIVER, Status.PASSED, "driver 580"), TORCH: _check(TORCH, Status.FAILED)}

    answers = _answers(WITH_CDI, GpuRequest(policy=GpuPolicy.REQUIRE), [DRIVER, TORCH], run)
    assert answers[DRIVER].detail == "by CDI nvidia.com/gpu=all: driver 580"
    assert answers[TORCH].status is Status.FAILED
    assert grants == [Grant(devices=("nvidia.com/gpu=all",))]


def test_a_check_that_cannot_run_is_skipped_or_fails_if_required() -> None:
    for policy, status in ((GpuPolicy.AUTO, Status.SKIPPED), (GpuPolicy.REQUIRE, Status.FAILED)):
        answers = _answers(
            WITH_CDI, GpuRequest(policy=policy), [DRIVER], lambda _: {DRIVER: _check(DRIVER, Status.SKIPPED)}
        )
        assert answers[DRIVER].status is status


def test_a_refused_grant_skips_the_checks_with_the_reason() -> None:
    def refused(_: Grant) -> dict[str, Check]:
        error = refusal("could not select device driver")
        assert error
        raise error

    answers = _answers(WITH_CDI, GpuRequest(), [DRIVER, TORCH], refused)
    assert {check.status for check in answers.values()} == {Status.SKIPPED}
    assert answers[TORCH].detail.startswith("the engine does not read CDI specifications.")


@pytest.mark.parametrize(
    ("text", "gpus"),
    [("all", ("all",)), ("0,2", ("0", "2")), ("0:1", ("0:1",)), ("0, 0", ("0",)), ("MIG-0a1b", ("MIG-0a1b",))],
)
def test_names_of_gpus_are_those_of_nvidia(text: str, gpus: tuple[str, ...]) -> None:
    assert names(text) == gpus


@pytest.mark.parametrize("text", ["", "none", "0-2", "gpu0", "0;1", "--privileged"])
def test_a_name_that_is_not_a_gpus_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not the name of a GPU"):
        names(text)


def test_a_grant_has_cdi_names_or_the_variable_of_the_runtime() -> None:
    assert grant_gpus(CDI, ["0", "1:0"]) == Grant(devices=("nvidia.com/gpu=0", "nvidia.com/gpu=1:0"))
    assert grant_gpus(RUNTIME, ["0", "2"]) == Grant(runtime="nvidia", environment={"NVIDIA_VISIBLE_DEVICES": "0,2"})
    assert grant_gpus(RUNTIME, ["0"]).requests() is None
    [request] = grant_gpus(CDI, ["all"]).requests() or []
    assert (request["Driver"], request["DeviceIDs"], request["Count"]) == ("cdi", ["nvidia.com/gpu=all"], 0)


def test_an_unknown_gpu_is_refused_before_a_container_starts() -> None:
    with pytest.raises(ConfigurationError, match="the engine has no GPU '7'"):
        grant_gpus(CDI, ["0", "7"])


def test_the_copied_probe_is_complete_and_describes_a_foreign_image() -> None:
    probe = copied_probe("host:rootfs", "/opt/python3")
    assert probe.command == ("/opt/python3", "-I", "/raydock/probe")
    with tarfile.open(fileobj=io.BytesIO(probe.archive)) as archive:
        paths = archive.getnames()
        description = archive.extractfile("raydock/image.json")
        assert description
        assert b'"stranger": true' in description.read()
    assert {"raydock/probe/__main__.py", "raydock/probe/gpu/cards.json", "raydock/probe/gpu/ray_tasks.py"} <= set(paths)
    assert not [path for path in paths if "__pycache__" in path]
    assert paths.index("raydock/probe/gpu") < paths.index("raydock/probe/gpu/cuda.py")


def test_a_container_gets_the_hosts_infiniband() -> None:
    assert grant_gpus(replace(CDI, infiniband=True), ["0"]).infiniband
    assert grant_gpus(replace(RUNTIME, infiniband=True), ["0"]).infiniband
    assert not grant_gpus(CDI, ["0"]).infiniband
