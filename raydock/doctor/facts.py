"""The facts about a host and its engine that the checks read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from raydock.core.errors import HostError, RaydockError
from raydock.doctor import nvidia_smi_xml
from raydock.engine.gpu_access import GpuSupport, detect_gpu_support
from raydock.engine.host import Host
from raydock.hosts import cdi_specs
from raydock.pick import nvidia_smi

_SECTION = re.compile(r"^#### (\w+)\n", re.MULTILINE)


class NotApplicableError(Exception):
    """The host lacks what a check examines; the message says what."""


@dataclass(frozen=True, kw_only=True)
class EngineFacts:
    """The facts about an engine.

    Attributes:
        info: the engine's `info`.
        bridge: the network interface of its bridge; empty if it is not one of the host's.
        bridge_mtu: the MTU of its bridge in bytes; None if it has no bridge.
        registry_error: why it cannot reach the registry; empty if it can.
        place: its address, and where the address comes from.
        nccl: the output of the check `gpu-nccl` at the start of each node of head.sh or worker.sh, by container.
    """

    info: Mapping[str, Any]
    bridge_mtu: int | None
    registry_error: str
    place: str = ""
    bridge: str = ""
    nccl: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class HostFacts:
    """The facts about a host.

    Attributes:
        host: the host.
        sections: the output of collect.sh by section.
        engine: the facts about its engine, or why there are none.
        registry: the full name of an image in the registry.
        needed: the size of our largest variant's packages in bytes.
        between: this machine's clock before and after collect.sh, in seconds; None if the host is this machine.
    """

    host: Host
    sections: Mapping[str, str]
    engine: EngineFacts | RaydockError
    registry: str
    needed: int = 0
    between: tuple[float, float] | None = None

    def lines(self, section: str) -> list[str]:
        """Return a section's lines; none if the section is missing."""
        return [line for line in self.sections.get(section, "").splitlines() if line.strip()]

    def require_engine(self) -> EngineFacts:
        """Return the facts about the engine; raise NotApplicableError if it does not answer."""
        if not isinstance(self.engine, EngineFacts):
            raise NotApplicableError("the engine does not answer")
        return self.engine

    def require_card(self) -> None:
        """Raise NotApplicableError if the host has no NVIDIA GPU."""
        if not self.has_card:
            raise NotApplicableError("this host has no NVIDIA GPU")

    @cached_property
    def has_card(self) -> bool:
        """Whether the PCI bus has an NVIDIA GPU, or nvidia-smi lists one."""
        return bool(self.lines("pci")) or bool(self.lines("gpus") and "NVIDIA" in self.sections["gpus"])

    @cached_property
    def gpus(self) -> nvidia_smi.GpuHost | HostError:
        """The host's GPUs and driver, or why they are not known."""
        if not self.lines("gpus") and not self.lines("pci"):
            return nvidia_smi.GpuHost(name=self.host.name)
        [host] = nvidia_smi.parse(self.sections.get("gpus") or "nvidia-smi: command not found", self.host.name).values()
        return nvidia_smi.with_forward_compat(host, self.host.forward_compat)

    @cached_property
    def gpu_access(self) -> GpuSupport | None:
        """How the engine provides GPUs; None if it does not answer."""
        if not isinstance(self.engine, EngineFacts):
            return None
        texts = cdi_specs.parse(self.sections["cdi"]) if "cdi" in self.sections else None
        return detect_gpu_support(self.engine.info, texts)

    def require_gpu_access(self) -> GpuSupport:
        """Return how the engine provides GPUs; raise NotApplicableError without a GPU or engine."""
        self.require_card()
        self.require_engine()
        assert self.gpu_access
        return self.gpu_access

    @cached_property
    def smi(self) -> nvidia_smi_xml.Smi | None:
        """The report of `nvidia-smi -q -x`; None if there is none."""
        return nvidia_smi_xml.read(self.sections.get("report", ""))


def split_sections(text: str) -> dict[str, str]:
    """Split the output of collect.sh into sections.

    Text before the first one, such as a login message, is ignored.
    """
    parts = _SECTION.split(text)
    return {name: body.strip("\n") for name, body in zip(parts[1::2], parts[2::2], strict=True)}
