"""What a host and its engine said, before anybody judges it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from raydock.core.errors import HostError, RaydockError
from raydock.engine.gpu_access import GpuSupport, detect_gpu_support
from raydock.hosts import cdi_specs
from raydock.pick import nvidia_smi as hosts

_SECTION = re.compile(r"^#### (\w+)\n", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """What an engine said: its `info`, the MTU of its bridge (None without one), what stood between it and the
    registry (empty: nothing); where it is (`place`, with who named it); and what the check `gpu-nccl` printed when
    head.sh or worker.sh started a node that runs there, by container (`nccl`)."""

    info: Mapping[str, Any]
    bridge_mtu: int | None
    registry_trouble: str
    place: str = ""
    nccl: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A host's answers to ask.sh by section, and its engine's, or the error that there are none.

    `between`: this machine's clock when it asked and was answered, in seconds; None where the host is this machine.
    `registry` is an image's full name; `needed` the bytes that our largest variant's packages weigh; `forward_compat`:
    hosts.yaml accepts forward compatibility there.
    """

    name: str
    sections: Mapping[str, str]
    engine: Engine | RaydockError
    registry: str
    needed: int = 0
    forward_compat: bool = False
    between: tuple[float, float] | None = None

    def lines(self, section: str) -> list[str]:
        """A section's lines; none where the host did not answer it."""
        return [line for line in self.sections.get(section, "").splitlines() if line.strip()]

    @property
    def info(self) -> Mapping[str, Any] | None:
        return self.engine.info if isinstance(self.engine, Engine) else None

    @cached_property
    def has_card(self) -> bool:
        """Whether the PCI bus has a GPU of NVIDIA's, or nvidia-smi names one."""
        return bool(self.lines("pci")) or bool(self.lines("gpus") and "NVIDIA" in self.sections["gpus"])

    @cached_property
    def gpus(self) -> hosts.GpuHost | HostError:
        """The host's GPUs and driver, or why they are not known."""
        if not self.lines("gpus") and not self.lines("pci"):
            return hosts.GpuHost(name=self.name)
        [answer] = hosts.parse(self.sections.get("gpus") or "nvidia-smi: command not found", self.name).values()
        return hosts.accepting(answer, self.forward_compat)

    @cached_property
    def handout(self) -> GpuSupport | None:
        """How the engine hands out GPUs; None without an engine."""
        if self.info is None:
            return None
        return detect_gpu_support(self.info, cdi_specs.parse(self.sections["cdi"]) if "cdi" in self.sections else None)


def sections(text: str) -> dict[str, str]:
    """The answers to ask.sh, by section; what stands before the first one, such as a greeting, is left out."""
    parts = _SECTION.split(text)
    return {name: body.strip("\n") for name, body in zip(parts[1::2], parts[2::2], strict=True)}
