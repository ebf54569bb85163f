"""GPUs for the containers that test an image: which, by what way, and what follows where there are none."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from docker import DockerClient

from raydock.core.errors import ConfigurationError, nearest
from raydock.engine.client import EngineClient
from raydock.engine.container import Grant, Limits
from raydock.engine.gpu_access import (
    CDI_FOLDERS,
    INFINIBAND,
    KIND,
    RUNTIME,
    GpuAccess,
    GpuSupport,
    detect_gpu_support,
    read_specs,
)
from raydock.engine.gpu_errors import GrantError
from raydock.model.report import Check, Status
from raydock.probe.catalogue import DRIVER, GPU

ALL = "all"
CHECKS = tuple(check.id for check in GPU)
# Each process that computes on a GPU takes some GiB; NCCL and vllm share more memory than a head does.
LIMITS = Limits(memory=64 * 2**30, shm=8 * 2**30, probe=2400.0)
# As CDI and NVIDIA's runtime both write them: a number, a MIG slice by GPU and number, UUIDs.
_NAME = re.compile(r"all|\d+|\d+:\d+|GPU-[0-9a-f-]+|MIG-[0-9a-zA-Z/-]+")


class GpuPolicy(StrEnum):
    """What is asked of GPUs: what can be, all of it or else it failed, nothing."""

    AUTO = "auto"
    REQUIRE = "require"
    OFF = "off"


@dataclass(frozen=True, kw_only=True)
class GpuRequest:
    """Whether checks on GPUs are asked, and of which GPUs.

    `found`: how the engine hands them out, where it is another host's, whose files this machine cannot read;
    `environment` and `folders`: what the container with GPUs gets in addition, as Grant has it.
    """

    policy: GpuPolicy = GpuPolicy.AUTO
    names: tuple[str, ...] = (ALL,)
    found: GpuSupport | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()


AUTO = GpuRequest()


def names(text: str) -> tuple[str, ...]:
    """GPUs as `--gpus` names them: `all`, or `0,2`, `0:1`, `MIG-...`, `GPU-...`.

    Raises ConfigurationError.
    """
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in found:
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{name!r} names no GPU.",
                todo="write all, or numbers (0,2), MIG slices (0:1), UUIDs (GPU-..., MIG-...) of `nvidia-smi -L`.",
            )
    return found


def reach(client: EngineClient) -> GpuSupport:
    """How this engine hands out GPUs; of one on another host, only what it says itself is known."""
    info = client.info()
    is_local = client.endpoint.scheme == "unix"  # an engine behind ssh has a socket here too
    found = detect_gpu_support(info, read_specs(info.get("CDISpecDirs") or CDI_FOLDERS) if is_local else None)
    return replace(found, infiniband=is_local and Path(INFINIBAND).is_dir())


def grant(found: GpuSupport, wanted: Sequence[str]) -> Grant:
    """What gives a container these GPUs.

    Raises ConfigurationError where the engine is known not to have one.
    """
    unknown = [name for name in wanted if found.devices and name not in found.devices]
    if unknown:
        raise ConfigurationError(
            f"the engine has no GPU {unknown[0]!r} ({found.found}).", todo=nearest(unknown[0], found.devices)
        )
    if found.way is GpuAccess.CDI:
        return Grant(devices=tuple(f"{KIND}={name}" for name in wanted), infiniband=found.infiniband)
    environment = {"NVIDIA_VISIBLE_DEVICES": ",".join(wanted)}
    return Grant(runtime=RUNTIME, environment=environment, infiniband=found.infiniband)


def ask(
    client: DockerClient, wish: GpuRequest, wanted: Iterable[str], asking: Callable[[Grant], dict[str, Check]]
) -> dict[str, Check]:
    """The checks on GPUs by id: what `asking` answers in a container that has them, or why they could not be asked.

    Those that could not are skipped, or failed where the wish requires them.
    """
    if wish.policy is GpuPolicy.OFF:
        return {check: _skipped(check, "not asked: --gpu off") for check in wanted}
    found = wish.found or reach(client)
    if found.way is GpuAccess.NONE:
        return _judged({check: _skipped(check, f"no GPU: {found.found}; {found.todo}") for check in wanted}, wish)
    try:
        given = grant(found, wish.names)
        given = replace(given, environment={**given.environment, **wish.environment}, folders=wish.folders)
        answers = asking(given)
    except GrantError as error:
        words = f"{error.what} Next: {error.todo}"
        return _judged({check: _skipped(check, words) for check in wanted}, wish)
    if driver := answers.get(DRIVER.id):
        answers[DRIVER.id] = replace(driver, detail=f"{given.words}: {driver.detail}")
    return _judged(answers, wish)


def _judged(answers: dict[str, Check], wish: GpuRequest) -> dict[str, Check]:
    return {check.id: _required(check) if wish.policy is GpuPolicy.REQUIRE else check for check in answers.values()}


def _required(check: Check) -> Check:
    if check.status is not Status.SKIPPED:
        return check
    return replace(check, status=Status.FAILED, detail=f"required, and could not be asked: {check.detail}")


def _skipped(check: str, why: str) -> Check:
    return Check(id=check, status=Status.SKIPPED, detail=why, seconds=0.0)
