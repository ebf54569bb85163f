"""GPUs for the containers that test an image, and the results if there are none."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from docker import DockerClient
from msgspec import structs

from raydock.core.errors import ConfigurationError, nearest
from raydock.engine.cdi import CDI_FOLDERS, KIND, read_specs
from raydock.engine.client import EngineClient
from raydock.engine.container import Grant, Limits
from raydock.engine.gpu_access import INFINIBAND, RUNTIME, GpuAccess, GpuSupport, detect_gpu_support
from raydock.engine.start_failures import GrantError
from raydock.model.report import Check, Status
from raydock.probe.catalogue import DRIVER, GPU

ALL = "all"
CHECKS = tuple(check.id for check in GPU)
# Each process that computes on a GPU takes some GiB; NCCL and vllm share more memory than a head does.
LIMITS = Limits(memory=64 * 2**30, shm=8 * 2**30, probe=2400.0)
# Names of both CDI and NVIDIA's runtime: a number, a MIG slice by GPU and number, UUIDs.
_NAME = re.compile(r"all|\d+|\d+:\d+|GPU-[0-9a-f-]+|MIG-[0-9a-zA-Z/-]+")


class GpuPolicy(StrEnum):
    """Whether GPU checks run.

    AUTO skips checks that cannot run, REQUIRE fails them, OFF runs none.
    """

    AUTO = "auto"
    REQUIRE = "require"
    OFF = "off"


@dataclass(frozen=True, kw_only=True)
class GpuRequest:
    """Whether checks on GPUs run, and on which GPUs.

    Attributes:
        policy: whether they run, and what follows if they cannot.
        names: the names of the GPUs, or ALL.
        support: the GPU support of an engine on a different host, whose files this machine cannot read.
        environment: more variables for the container with GPUs.
        folders: more read-only folders for it, as in Grant.
    """

    policy: GpuPolicy = GpuPolicy.AUTO
    names: tuple[str, ...] = (ALL,)
    support: GpuSupport | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()


AUTO = GpuRequest()


def names(text: str) -> tuple[str, ...]:
    """Read the GPUs of `--gpus`: `all`, or `0,2`, `0:1`, `MIG-...`, `GPU-...`.

    Raises ConfigurationError if a name is invalid.
    """
    gpus = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in gpus:
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{name!r} is not the name of a GPU.",
                todo="write all, or numbers (0,2), MIG slices (0:1), UUIDs (GPU-..., MIG-...) of `nvidia-smi -L`.",
            )
    return gpus


def read_support(client: EngineClient) -> GpuSupport:
    """The GPU support of an engine.

    Of an engine on a different host only its own answers are known.
    """
    info = client.info()
    is_local = client.endpoint.scheme == "unix"  # an engine behind ssh has a socket here too
    support = detect_gpu_support(info, read_specs(info.get("CDISpecDirs") or CDI_FOLDERS) if is_local else None)
    return replace(support, infiniband=is_local and Path(INFINIBAND).is_dir())


def grant_gpus(support: GpuSupport, gpus: Sequence[str]) -> Grant:
    """The grant of these GPUs to a container.

    Raises ConfigurationError if the engine is known not to have one.
    """
    unknown = [name for name in gpus if support.devices and name not in support.devices]
    if unknown:
        raise ConfigurationError(
            f"the engine has no GPU {unknown[0]!r} ({support.summary}).", todo=nearest(unknown[0], support.devices)
        )
    if support.way is GpuAccess.CDI:
        return Grant(devices=tuple(f"{KIND}={name}" for name in gpus), infiniband=support.infiniband)
    environment = {"NVIDIA_VISIBLE_DEVICES": ",".join(gpus)}
    return Grant(runtime=RUNTIME, environment=environment, infiniband=support.infiniband)


def find_grant(client: DockerClient, request: GpuRequest) -> Grant | str:
    """The grant of the requested GPUs, or the reason why no check can run on them.

    Raises ConfigurationError if the engine is known not to have one of them.
    """
    if request.policy is GpuPolicy.OFF:
        return "not run: --gpu off"
    support = request.support or read_support(client)
    if support.way is GpuAccess.NONE:
        return f"no GPU: {support.summary}; {support.todo}"
    grant = grant_gpus(support, request.names)
    return replace(grant, environment={**grant.environment, **request.environment}, folders=request.folders)


def run_on_gpus(
    grant: Grant | str, request: GpuRequest, checks: Iterable[str], run: Callable[[Grant], dict[str, Check]]
) -> dict[str, Check]:
    """Run checks in a container with GPUs, and return their results by id.

    `grant`: from find_grant; `run`: runs the checks with it. Checks that cannot run are skipped, or failed if the
    request requires them.
    """
    if isinstance(grant, str):
        return _apply_policy({check: _skip(check, grant) for check in checks}, request)
    try:
        answers = run(grant)
    except GrantError as error:
        reason = f"{error.what} Next: {error.todo}"
        return _apply_policy({check: _skip(check, reason) for check in checks}, request)
    if driver := answers.get(DRIVER.id):
        answers[DRIVER.id] = structs.replace(driver, detail=f"{grant.text}: {driver.detail}")
    return _apply_policy(answers, request)


def _apply_policy(answers: dict[str, Check], request: GpuRequest) -> dict[str, Check]:
    is_required = request.policy is GpuPolicy.REQUIRE
    return {check.id: _require(check) if is_required else check for check in answers.values()}


def _require(check: Check) -> Check:
    if check.status is not Status.SKIPPED:
        return check
    return structs.replace(check, status=Status.FAILED, detail=f"required, but could not run: {check.detail}")


def _skip(check: str, reason: str) -> Check:
    return Check(id=check, status=Status.SKIPPED, detail=reason, seconds=0.0)
