"""What follows where GPUs cannot be reached; the engine is a stand-in that only says its info."""

import io
import tarfile
from dataclasses import replace
from typing import Any, cast

import docker
import pytest

from raydock.core.errors import ConfigurationError
from raydock.engine.container import Grant
from raydock.engine.endpoint import Endpoint
from raydock.engine.gpu_access import GpuAccess, GpuSupport
from raydock.engine.gpu_errors import refusal
from raydock.model.report import Check, Status
from raydock.smoke.foreign_image import brought
from raydock.smoke.gpus import CHECKS, GpuPolicy, GpuRequest, ask, grant, names

CDI = GpuSupport(way=GpuAccess.CDI, found="Docker by CDI", devices=("0", "1:0", "all"))
RUNTIME = GpuSupport(way=GpuAccess.RUNTIME, found="Docker by the runtime `nvidia`")
DRIVER, TORCH = CHECKS[:2]


class Engine:
    """An engine on another host, whose info is what `docker info` says there."""

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
    raise AssertionError("a container was asked")


def test_where_no_gpu_can_be_reached_auto_skips_and_says_what_would_mend_it() -> None:
    answers = ask(NONE, GpuRequest(), CHECKS, _never)
    assert [answers[check].status for check in CHECKS] == [Status.SKIPPED] * len(CHECKS)
    assert "has neither CDI nor the runtime" in answers[DRIVER].detail
    assert "nvidia-ctk runtime configure --runtime=docker" in answers[DRIVER].detail


def test_where_no_gpu_can_be_reached_require_has_failed() -> None:
    answers = ask(NONE, GpuRequest(policy=GpuPolicy.REQUIRE), [DRIVER], _never)
    assert answers[DRIVER].status is Status.FAILED
    assert answers[DRIVER].detail.startswith("required, and could not be asked: no GPU: Docker 28.3.0")


def test_off_does_not_ask_and_says_so() -> None:
    answers = ask(WITH_CDI, GpuRequest(policy=GpuPolicy.OFF), [DRIVER], _never)
    assert (answers[DRIVER].status, answers[DRIVER].detail) == (Status.SKIPPED, "not asked: --gpu off")


def test_what_the_probe_answers_is_kept_and_the_way_is_said() -> None:
    grants = []

    def asking(given: Grant) -> dict[str, Check]:
        grants.append(given)
        return {DRIVER: _check(DRIVER, Status.PASSED, "driver 580"), TORCH: _check(TORCH, Status.FAILED)}

    answers = ask(WITH_CDI, GpuRequest(policy=GpuPolicy.REQUIRE), [DRIVER, TORCH], asking)
    assert answers[DRIVER].detail == "by CDI nvidia.com/gpu=all: driver 580"
    assert answers[TORCH].status is Status.FAILED
    assert grants == [Grant(devices=("nvidia.com/gpu=all",))]


def test_what_the_probe_could_not_ask_is_skipped_or_where_required_failed() -> None:
    for policy, status in ((GpuPolicy.AUTO, Status.SKIPPED), (GpuPolicy.REQUIRE, Status.FAILED)):
        answers = ask(WITH_CDI, GpuRequest(policy=policy), [DRIVER], lambda _: {DRIVER: _check(DRIVER, Status.SKIPPED)})
        assert answers[DRIVER].status is status


def test_a_container_that_is_refused_its_gpus_is_a_reason_and_no_crash() -> None:
    def refused(_: Grant) -> dict[str, Check]:
        error = refusal("could not select device driver")
        assert error
        raise error

    answers = ask(WITH_CDI, GpuRequest(), [DRIVER, TORCH], refused)
    assert {check.status for check in answers.values()} == {Status.SKIPPED}
    assert answers[TORCH].detail.startswith("the engine does not read CDI specifications.")


@pytest.mark.parametrize(
    ("text", "found"),
    [("all", ("all",)), ("0,2", ("0", "2")), ("0:1", ("0:1",)), ("0, 0", ("0",)), ("MIG-0a1b", ("MIG-0a1b",))],
)
def test_gpus_are_named_as_nvidia_does(text: str, found: tuple[str, ...]) -> None:
    assert names(text) == found


@pytest.mark.parametrize("text", ["", "none", "0-2", "gpu0", "0;1", "--privileged"])
def test_what_names_no_gpu_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="names no GPU"):
        names(text)


def test_a_grant_is_by_cdi_name_or_by_the_runtimes_variable() -> None:
    assert grant(CDI, ["0", "1:0"]) == Grant(devices=("nvidia.com/gpu=0", "nvidia.com/gpu=1:0"))
    assert grant(RUNTIME, ["0", "2"]) == Grant(runtime="nvidia", environment={"NVIDIA_VISIBLE_DEVICES": "0,2"})
    assert grant(RUNTIME, ["0"]).requests() is None
    [request] = grant(CDI, ["all"]).requests() or []
    assert (request["Driver"], request["DeviceIDs"], request["Count"]) == ("cdi", ["nvidia.com/gpu=all"], 0)


def test_a_gpu_that_the_engine_does_not_know_is_refused_before_a_container_starts() -> None:
    with pytest.raises(ConfigurationError, match="the engine has no GPU '7'"):
        grant(CDI, ["0", "7"])


@pytest.mark.parametrize(
    ("said", "what", "todo"),
    [
        (
            "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=7",
            "the engine has no GPU nvidia.com/gpu=7",
            "nvidia-ctk cdi list",
        ),
        (
            'CDI device injection failed: failed to stat CDI host device "/dev/nvidia1": no such file or directory',
            "the CDI specification names the device /dev/nvidia1, which no longer exists",
            "nvidia-ctk cdi generate",
        ),
        (
            'runc create failed: error mounting "/usr/lib/libcuda.so.535.104" to rootfs: no such file or directory',
            "names the file /usr/lib/libcuda.so.535.104, which does not exist: it is for a different driver version",
            "nvidia-ctk cdi generate",
        ),
        ('could not select device driver "cdi" with capabilities: []', "does not read CDI", "--cdi.enabled"),
        (
            "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please update your driver",
            "the host's driver is too old: the image requires cuda>=12.8",
            "update the driver",
        ),
        (
            "nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown",
            "initialization error: nvml error: driver not loaded: unknown",
            "nvidia-smi",
        ),
        ("unknown or invalid runtime name: nvidia", "the engine has no runtime nvidia", "nvidia-ctk runtime configure"),
    ],
)
def test_an_engines_refusal_is_translated(said: str, what: str, todo: str) -> None:
    error = refusal(said)
    assert error
    assert what in error.what
    assert todo in error.todo
    assert said in error.meaning


def test_other_words_of_an_engine_are_not_about_gpus() -> None:
    assert refusal('exec: "python3": executable file not found in $PATH') is None


def test_the_probe_that_is_brought_is_whole_and_calls_the_image_a_stranger() -> None:
    probe = brought("host:rootfs", "/opt/python3")
    assert probe.command == ("/opt/python3", "-I", "/raydock/probe")
    with tarfile.open(fileobj=io.BytesIO(probe.archive)) as archive:
        paths = archive.getnames()
        told = archive.extractfile("raydock/image.json")
        assert told
        assert b'"stranger": true' in told.read()
    assert {"raydock/probe/__main__.py", "raydock/probe/gpu/cards.json", "raydock/probe/gpu/ray_tasks.py"} <= set(paths)
    assert not [path for path in paths if "__pycache__" in path]
    assert paths.index("raydock/probe/gpu") < paths.index("raydock/probe/gpu/cuda.py")


def test_a_host_with_infiniband_gives_it_to_the_container() -> None:
    assert grant(replace(CDI, infiniband=True), ["0"]).infiniband
    assert grant(replace(RUNTIME, infiniband=True), ["0"]).infiniband
    assert not grant(CDI, ["0"]).infiniband
