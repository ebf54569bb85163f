"""How an engine gives containers GPUs: by CDI, by NVIDIA's runtime, or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from raydock.engine.cdi import CDI_FOLDERS, KIND, parse_specifications

# The devices of InfiniBand and RoCE cards (rdma-core), without which NCCL uses TCP between hosts.
INFINIBAND = "/dev/infiniband"
RUNTIME = "nvidia"

_ENABLE = "nvidia-ctk runtime configure --runtime=docker --cdi.enabled && systemctl restart docker"
_GENERATE = "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
_CONFIGURE = "nvidia-ctk runtime configure --runtime=docker && systemctl restart docker"
_TOOLKIT = "on the engine's host, as root, with the package nvidia-container-toolkit"


class GpuAccess(StrEnum):
    """How GPUs reach a container."""

    CDI = "cdi"
    RUNTIME = "nvidia-runtime"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class GpuSupport:
    """How an engine gives containers GPUs.

    Attributes:
        way: by CDI, by the runtime, or not at all.
        summary: what was found on the engine, as text.
        devices: the CDI names of the GPUs (`0`, `all`, `0:1` of a MIG slice); empty if they are unknown.
        command: the command that would enable GPUs; empty if they are available.
        infiniband: whether the host is known to have /dev/infiniband.
    """

    way: GpuAccess
    summary: str
    devices: tuple[str, ...] = ()
    command: str = ""
    infiniband: bool = False

    @property
    def todo(self) -> str:
        """The command, and where to run it."""
        return f"{_TOOLKIT}: {self.command}" if self.command else ""


def detect_gpu_support(info: Mapping[str, Any], specs: Mapping[str, str] | None) -> GpuSupport:
    """Detect how an engine gives containers GPUs, from `info` and CDI files.

    `specs`: the text of each specification by its path (see `cdi.read_specs`); None if the host's files cannot be read.
    CDI comes before the runtime, because NVIDIA's toolkit (from 1.18) and Docker (from 29.2) use it themselves. Docker
    reads CDI from 25 on if `features.cdi` is set, which is the default from 28.2 on.
    """
    engine = f"Docker {info.get('ServerVersion', '')}".strip()
    folders = tuple(info.get("CDISpecDirs") or ())
    runtime = RUNTIME in (info.get("Runtimes") or {})
    known = _discovered(info) or _named(specs or {}, folders or CDI_FOLDERS)
    if folders and known:
        return GpuSupport(way=GpuAccess.CDI, summary=f"{engine} by CDI: {KIND}={', '.join(known)}", devices=known)
    if runtime:
        return GpuSupport(way=GpuAccess.RUNTIME, summary=f"{engine} by the runtime `{RUNTIME}`, without CDI")
    # Engines from 28.2 on (API 1.50) list the devices that they found.
    if folders and specs is None and info.get("DiscoveredDevices") is None:
        return GpuSupport(way=GpuAccess.CDI, summary=f"{engine} reads CDI; its GPUs cannot be listed from here")
    return _none(engine, folders, known)


def _none(engine: str, folders: Sequence[str], known: Sequence[str]) -> GpuSupport:
    if known:
        state, command = "does not read CDI (features.cdi is off), although a specification exists", _ENABLE
    elif folders:
        state, command = f"reads CDI, but no specification in {', '.join(folders)} names {KIND}", _GENERATE
    else:
        state, command = f"has neither CDI nor the runtime `{RUNTIME}`", _CONFIGURE
    return GpuSupport(way=GpuAccess.NONE, summary=f"{engine} {state}", command=command)


def _discovered(info: Mapping[str, Any]) -> tuple[str, ...]:
    ids = (str(device.get("ID", "")) for device in info.get("DiscoveredDevices") or () if device.get("Source") == "cdi")
    prefix = f"{KIND}="
    return tuple(dict.fromkeys(id.removeprefix(prefix) for id in ids if id.startswith(prefix)))


def _named(specs: Mapping[str, str], folders: Sequence[str]) -> tuple[str, ...]:
    """The names of NVIDIA's GPUs in the specifications in these folders."""
    return tuple(dict.fromkeys(device for spec in parse_specifications(specs, folders) for device in spec.devices))
