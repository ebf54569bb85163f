"""The CDI specifications: their driver, files, and state after a boot.

A running container keeps its devices. An outdated specification fails only at the next start of a container.
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
from raydock.doctor.facts import HostFacts
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned
from raydock.engine.gpu_access import CDI_FOLDERS, KIND, GpuAccess
from raydock.hosts import cdi_specs

# The names of NVIDIA's libraries end with the driver's version: libcuda.so.580.159.04. The folder of its firmware bears
# it: /lib/firmware/nvidia/580.159.04/gsp_ga10x.bin.
_VERSION = re.compile(r"(?:\.so\.|/firmware/nvidia/)(\d{3,}\.\d+(?:\.\d+)?)(?=$|/|::)")
# Folders that are cleared at boot (Filesystem Hierarchy Standard 3.0, /run).
_VOLATILE = ("/run/", "/var/run/", "/tmp/")  # noqa: S108
_REFRESH = "nvidia-cdi-refresh.service"


@dataclass(frozen=True, kw_only=True)
class Specification:
    """A CDI specification of NVIDIA's GPUs.

    Attributes:
        path: the file's path on the host.
        document: the file's content.
    """

    path: str
    document: dict[str, Any]

    @property
    def devices(self) -> frozenset[str]:
        """The names of the devices."""
        return frozenset(str(device["name"]) for device in self.document["devices"])

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The host's files that containers get: device nodes, mounts, hooks' programs."""
        return tuple(dict.fromkeys(path for edit in self._edits for path in _files(edit)))

    @property
    def drivers(self) -> tuple[str, ...]:
        """The driver versions of the libraries and the firmware in the specification, usually one."""
        arguments = (
            str(word) for edit in self._edits for hook in edit.get("hooks") or () for word in hook.get("args") or ()
        )
        return tuple(sorted({match[1] for text in (*self.files, *arguments) for match in _VERSION.finditer(text)}))

    @property
    def _edits(self) -> list[dict[str, Any]]:
        parts = [self.document, *self.document["devices"]]
        return [edits for part in parts if (edits := part.get("containerEdits"))]

    @property
    def generate(self) -> str:
        """The command that writes the specification again."""
        return f"nvidia-ctk cdi generate --output={self.path}"


def _files(edits: dict[str, Any]) -> Iterator[str]:
    for node in edits.get("deviceNodes") or ():
        yield str(node.get("hostPath") or node["path"])
    yield from (str(mount["hostPath"]) for mount in edits.get("mounts") or ())
    yield from (str(hook["path"]) for hook in edits.get("hooks") or ())


def read_specifications(facts: HostFacts) -> list[Specification]:
    """Return the specifications of NVIDIA's GPUs; the highest priority is last."""
    folders = list(facts.require_engine().info.get("CDISpecDirs") or CDI_FOLDERS)
    readable = []
    for path, text in cdi_specs.parse(facts.sections.get("cdi", "")).items():
        folder = str(PurePosixPath(path).parent)
        try:
            document = yaml.safe_load(text)
            if folder in folders and document["kind"] == KIND:
                specification = Specification(path=path, document=document)
                specification.devices, specification.drivers  # noqa: B018 - raises if the document has a different form
                readable.append(specification)
        except (yaml.YAMLError, TypeError, KeyError, AttributeError):
            continue
    return sorted(readable, key=lambda spec: folders.index(str(PurePosixPath(spec.path).parent)))


def specifications_in_use(facts: HostFacts) -> list[Specification]:
    """Return the specifications that provide devices.

    The last specification that lists a device provides it (CDI 0.5, priority).
    """
    readable = read_specifications(facts)
    providers = {device: spec.path for spec in readable for device in spec.devices}
    return [spec for spec in readable if spec.path in providers.values()]


def find_stale(facts: HostFacts, driver: str) -> Specification | None:
    """Return a specification in use with libraries of a different driver version."""
    return next((spec for spec in specifications_in_use(facts) if spec.drivers and driver not in spec.drivers), None)


def cdi(facts: HostFacts) -> HostFinding:
    """The specifications list every GPU and only existing files, and survive a boot."""
    if not facts.has_card or facts.gpu_access is None or facts.gpu_access.way is not GpuAccess.CDI:
        return skipped("this host's engine does not provide GPUs by CDI")
    in_use = specifications_in_use(facts)
    if not in_use or "missing" not in facts.sections:
        return skipped("the specifications cannot be read")
    problems = (
        *(_missing_files(facts, spec) for spec in in_use),
        _not_renewed(facts, in_use[0]),
        _shadowed(facts, in_use),
        _missing_gpus(facts, in_use),
    )
    success = passed(f"{', '.join(spec.path for spec in in_use)}: every listed file exists")
    return next((problem for problem in problems if problem), success)


def _missing_files(facts: HostFacts, spec: Specification) -> HostFinding | None:
    """Return a failure if files of a specification do not exist on the host."""
    all_missing = frozenset(facts.lines("missing"))
    missing = [path for path in spec.files if path in all_missing]
    if not missing:
        return None
    more = f" and {len(missing) - 2} more" if len(missing) > 2 else ""
    message = f"{spec.path} lists {', '.join(missing[:2])}{more}, which this host does not have"
    todo = f"`{spec.generate}`; if a device node is missing, run `nvidia-modprobe -c 0 -u` first."
    if all("nvidia-persistenced" in path for path in missing):
        todo = f"`systemctl enable --now nvidia-persistenced`, or write it again: `{spec.generate}`."
    return failed(f"{message}: no container with a GPU starts", todo)


def _not_renewed(facts: HostFacts, spec: Specification) -> HostFinding | None:
    """Return a finding if no unit renews a specification after a boot or an update."""
    units = dict(line.partition(" ")[::2] for line in facts.lines("units"))
    if not units or units.get(_REFRESH) == "enabled":
        return None
    todo = f"`systemctl enable --now nvidia-cdi-refresh.path {_REFRESH}`."
    if not units.get(_REFRESH) or units[_REFRESH] == "not-found":
        lasting = f"nvidia-ctk cdi generate --output=/etc/cdi/{PurePosixPath(spec.path).name}"
        todo = f"update nvidia-container-toolkit to 1.18 or newer, which has {_REFRESH}; until then `{lasting}`, and"
        todo += " again after each driver update."
    if spec.path.startswith(_VOLATILE):
        message = f"{spec.path} is lost at the next boot, and {_REFRESH}, which writes it again, is not enabled"
        return failed(message, todo)
    return warned(f"no unit renews {spec.path} after a driver update", todo)


def _shadowed(facts: HostFacts, in_use: list[Specification]) -> HostFinding | None:
    """Return a warning on an unused specification of a different driver.

    It is used if the one in use is removed.
    """
    drivers = {driver for spec in in_use for driver in spec.drivers}
    for spec in read_specifications(facts):
        if spec not in in_use and spec.drivers and not drivers & {*spec.drivers}:
            message = f"{spec.path} lists the same GPUs as {in_use[-1].path}, but for driver {spec.drivers[0]}"
            return warned(message, f"`rm {spec.path}`, so that only one specification is left.")
    return None


def _missing_gpus(facts: HostFacts, in_use: list[Specification]) -> HostFinding | None:
    """Return a warning if the specifications list fewer GPUs than the driver."""
    listed = {device for spec in in_use for device in spec.devices if device.isdigit()}
    gpus = () if isinstance(facts.gpus, HostError) else facts.gpus.gpus
    if not listed or len(listed) >= len(gpus):
        return None
    return warned(f"{in_use[0].path} lists {len(listed)} of {len(gpus)} GPUs", f"`{in_use[0].generate}`.")
