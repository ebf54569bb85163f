"""How an engine hands out NVIDIA GPUs: by CDI, by NVIDIA's runtime, or not at all, and then what would fix it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

# Where the Container Device Interface's specifications are, unless the engine was told otherwise.
CDI_FOLDERS = ("/etc/cdi", "/var/run/cdi")
KIND = "nvidia.com/gpu"
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
class Handout:
    """What was found: the way, and a sentence that says why it is this one.

    `devices`: the names that CDI knows (`0`, `all`, a MIG's `0:1`); empty where nobody can say.
    `command`: the one command that would make it work, empty where it works; `todo`: the same with where to run it.
    `infiniband`: whether the host is known to have /dev/infiniband.
    """

    way: GpuAccess
    found: str
    devices: tuple[str, ...] = ()
    command: str = ""
    infiniband: bool = False

    @property
    def todo(self) -> str:
        return f"{_TOOLKIT}: {self.command}" if self.command else ""


def handout(info: Mapping[str, Any], specs: Mapping[str, str] | None) -> Handout:
    """How an engine hands out GPUs, by what its `info` says and by the CDI specifications on its host.

    `specs`: each specification's text by its path (see `read_specs`); None where nobody can read that host's files.
    CDI comes before the runtime: it is what NVIDIA's toolkit (from 1.18) and Docker (from 29.2) use themselves. Docker
    reads CDI from 25 on, where `features.cdi` is set, which it is by default from 28.2.
    """
    engine = f"Docker {info.get('ServerVersion', '')}".strip()
    folders = tuple(info.get("CDISpecDirs") or ())
    runtime = RUNTIME in (info.get("Runtimes") or {})
    known = _discovered(info) or _named(specs or {}, folders or CDI_FOLDERS)
    if folders and known:
        return Handout(way=GpuAccess.CDI, found=f"{engine} by CDI: {KIND}={', '.join(known)}", devices=known)
    if runtime:
        return Handout(way=GpuAccess.RUNTIME, found=f"{engine} by the runtime `{RUNTIME}`, without CDI")
    if folders and specs is None and not _tells_devices(info):
        return Handout(way=GpuAccess.CDI, found=f"{engine} reads CDI; which GPUs it names cannot be seen from here")
    return _none(engine, folders, known)


def read_specs(folders: Sequence[str] = CDI_FOLDERS) -> dict[str, str]:
    """The text of every CDI specification on this machine, by path; what cannot be read is left out."""
    paths = [path for folder in folders for path in sorted(Path(folder).glob("*")) if path.suffix in {".yaml", ".json"}]
    found = {}
    for path in paths:
        try:
            found[str(path)] = path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
    return found


def _none(engine: str, folders: Sequence[str], known: Sequence[str]) -> Handout:
    if known:
        words = f"{engine} does not read CDI (features.cdi is off), and a specification is there"
        return Handout(way=GpuAccess.NONE, found=words, command=_ENABLE)
    if folders:
        words = f"{engine} reads CDI, and no specification in {', '.join(folders)} names {KIND}"
        return Handout(way=GpuAccess.NONE, found=words, command=_GENERATE)
    words = f"{engine} has neither CDI nor the runtime `{RUNTIME}`"
    return Handout(way=GpuAccess.NONE, found=words, command=_CONFIGURE)


def _tells_devices(info: Mapping[str, Any]) -> bool:
    """Whether the engine (from 28.2, API 1.50) lists the devices that it found."""
    return info.get("DiscoveredDevices") is not None


def _discovered(info: Mapping[str, Any]) -> tuple[str, ...]:
    devices = info.get("DiscoveredDevices") or ()
    return _short(str(device.get("ID", "")) for device in devices if device.get("Source") == "cdi")


def _named(specs: Mapping[str, str], folders: Sequence[str]) -> tuple[str, ...]:
    """The names of NVIDIA's GPUs in the specifications that lie in these folders."""
    texts = [text for path, text in specs.items() if str(Path(path).parent) in folders]
    return _short(name for text in texts for name in _names(text))


def _names(text: str) -> Iterator[str]:
    try:
        document = yaml.safe_load(text)
        if document["kind"] == KIND:
            yield from (f"{KIND}={device['name']}" for device in document["devices"])
    except (yaml.YAMLError, TypeError, KeyError):
        return


def _short(names: Iterator[str]) -> tuple[str, ...]:
    prefix = f"{KIND}="
    return tuple(dict.fromkeys(name.removeprefix(prefix) for name in names if name.startswith(prefix)))
