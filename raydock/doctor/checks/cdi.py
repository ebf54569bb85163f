"""The CDI specifications: of the running driver, with every file on the host, and still there after a boot.

A container that runs keeps what it has. A specification that became wrong shows at the next start of a container.
Source: NVIDIA Container Toolkit, Support for Container Device Interface (nvidia-cdi-refresh; after which changes a new
specification is needed); HaveAGitGat/Tdarr issue 1423; NVIDIA/nvidia-container-toolkit issue 450. Read 2026-11-29.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import yaml

from raydock.core.errors import HostError
from raydock.doctor.facts import Seen
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned
from raydock.engine.gpu_access import CDI_FOLDERS, KIND, GpuAccess
from raydock.hosts import cdi_specs

# NVIDIA's libraries bear their driver's version: libcuda.so.580.159.04.
_VERSION = re.compile(r"\.so\.(\d{3,}\.\d+(?:\.\d+)?)$")
# What a boot empties (Filesystem Hierarchy Standard 3.0, /run).
_VOLATILE = ("/run/", "/var/run/", "/tmp/")  # noqa: S108
_REFRESH = "nvidia-cdi-refresh.service"


@dataclass(frozen=True, kw_only=True)
class Specification:
    """A CDI specification of NVIDIA's GPUs: its path and its document."""

    path: str
    document: dict[str, Any]

    @property
    def devices(self) -> frozenset[str]:
        """The names of its devices."""
        return frozenset(str(device["name"]) for device in self.document["devices"])

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The host's files that its containers get: device nodes, mounts and the hooks' programs."""
        edits = [
            self.document.get("containerEdits"),
            *(item.get("containerEdits") for item in self.document["devices"]),
        ]
        return tuple(dict.fromkeys(path for edit in edits for path in _files(edit or {})))

    @property
    def drivers(self) -> tuple[str, ...]:
        """The versions of the drivers whose libraries it names, as a rule one."""
        versions = (_VERSION.search(path) for path in self.files)
        return tuple(sorted({match[1] for match in versions if match}))

    @property
    def generate(self) -> str:
        """The command that writes it again."""
        return f"nvidia-ctk cdi generate --output={self.path}"


def _files(edits: dict[str, Any]) -> Iterator[str]:
    for node in edits.get("deviceNodes") or ():
        yield str(node.get("hostPath") or node["path"])
    yield from (str(mount["hostPath"]) for mount in edits.get("mounts") or ())
    yield from (str(hook["path"]) for hook in edits.get("hooks") or ())


def specifications(seen: Seen) -> list[Specification]:
    """The specifications of NVIDIA's GPUs, those of the folder that counts more last."""
    folders = list((seen.info or {}).get("CDISpecDirs") or CDI_FOLDERS)
    readable = []
    for path, text in cdi_specs.parse(seen.sections.get("cdi", "")).items():
        folder = str(PurePosixPath(path).parent)
        try:
            document = yaml.safe_load(text)
            if folder in folders and document["kind"] == KIND:
                specification = Specification(path=path, document=document)
                specification.devices, specification.files  # noqa: B018 - raises if the document is of another form
                readable.append(specification)
        except (yaml.YAMLError, TypeError, KeyError, AttributeError):
            continue
    return sorted(readable, key=lambda item: folders.index(str(PurePosixPath(item.path).parent)))


def used(seen: Seen) -> list[Specification]:
    """The specifications that a container's devices come from: the last one that names a device (CDI 0.5, priority)."""
    readable = specifications(seen)
    owners = {device: item.path for item in readable for device in item.devices}
    return [item for item in readable if item.path in owners.values()]


def stale(seen: Seen, driver: str) -> Specification | None:
    """A specification in use whose libraries are of a different driver than the running one."""
    return next((item for item in used(seen) if item.drivers and driver not in item.drivers), None)


def cdi(seen: Seen) -> HostFinding:
    """The specifications name files that exist and every GPU, and are still right after the next boot."""
    if not seen.has_card or seen.handout is None or seen.handout.way is not GpuAccess.CDI:
        return skipped("cdi", "this host's engine does not hand out GPUs by CDI")
    in_use = used(seen)
    if not in_use or "missing" not in seen.sections:
        return skipped("cdi", "the specifications cannot be read")
    right = passed("cdi", f"{', '.join(item.path for item in in_use)}: every file that they name exists")
    faults = (*(_lacking(seen, item) for item in in_use), _at_boot(seen, in_use[0]), _shadowed(seen), _uncounted(seen))
    return next((fault for fault in faults if fault), right)


def _lacking(seen: Seen, item: Specification) -> HostFinding | None:
    """Files that a specification names and the host does not have."""
    missing = frozenset(seen.lines("missing"))
    lacking = [path for path in item.files if path in missing]
    if not lacking:
        return None
    more = f" and {len(lacking) - 2} more" if len(lacking) > 2 else ""
    words = f"{item.path} names {', '.join(lacking[:2])}{more}, which this host does not have"
    todo = f"`{item.generate}`; for a device node that is missing, `nvidia-modprobe -c 0 -u` first."
    if all("nvidia-persistenced" in path for path in lacking):
        todo = f"`systemctl enable --now nvidia-persistenced`, or write it again: `{item.generate}`."
    return failed("cdi", f"{words}: no container with a GPU starts", todo)


def _at_boot(seen: Seen, item: Specification) -> HostFinding | None:
    """Nothing writes the specification again after a boot or an update of the driver."""
    units = dict(line.partition(" ")[::2] for line in seen.lines("units"))
    if not units or units.get(_REFRESH) == "enabled":
        return None
    todo = f"`systemctl enable --now nvidia-cdi-refresh.path {_REFRESH}`."
    if not units.get(_REFRESH) or units[_REFRESH] == "not-found":
        lasting = f"nvidia-ctk cdi generate --output=/etc/cdi/{PurePosixPath(item.path).name}"
        todo = f"update nvidia-container-toolkit to 1.18 or newer, which has {_REFRESH}; until then `{lasting}`, and"
        todo += " again after each update of the driver."
    if item.path.startswith(_VOLATILE):
        words = f"{item.path} is lost at the next boot, and {_REFRESH}, which writes it again, is not enabled"
        return failed("cdi", words, todo)
    return warned("cdi", f"nothing renews {item.path} after an update of the driver", todo)


def _shadowed(seen: Seen) -> HostFinding | None:
    """A specification of a different driver, which counts again as soon as the one in use is gone."""
    in_use = used(seen)
    drivers = {driver for item in in_use for driver in item.drivers}
    for item in specifications(seen):
        if item not in in_use and item.drivers and not drivers & {*item.drivers}:
            words = f"{item.path} names the same GPUs as {in_use[-1].path} and is of driver {item.drivers[0]}"
            return warned("cdi", words, f"`rm {item.path}`, so that one specification is left.")
    return None


def _uncounted(seen: Seen) -> HostFinding | None:
    """Fewer GPUs in the specifications than the driver has, such as after one was added."""
    in_use = used(seen)
    named = {device for item in in_use for device in item.devices if device.isdigit()}
    gpus = () if isinstance(seen.gpus, HostError) else seen.gpus.gpus
    if not named or len(named) >= len(gpus):
        return None
    words = f"{in_use[0].path} names {len(named)} of {len(gpus)} GPUs"
    return warned("cdi", words, f"`{in_use[0].generate}`.")
