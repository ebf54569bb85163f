"""Which of our variants a host runs: the one line that everybody needs first."""

from collections.abc import Iterable
from dataclasses import dataclass

from raydock.core.errors import HostError
from raydock.doctor import nvidia_smi_xml
from raydock.doctor.facts import Seen
from raydock.pick.nvidia_smi import GpuHost
from raydock.pick.pick import objections
from raydock.publish.variant_image import VariantImage


@dataclass(frozen=True, kw_only=True)
class HostVerdict:
    """The GPUs' host as far as it is known, the newest CUDA that its driver brings, the variants that run there (the
    newest first), and how many there are."""

    host: GpuHost | None
    cuda: str
    runs: tuple[str, ...]
    of: int

    @property
    def sentence(self) -> str:
        """`driver 535.104.05 runs CUDA up to 12.2, ...; 10 of our 20 variants run here: ...`"""
        count = f"{len(self.runs)} of our {self.of} variants run here"
        return f"{self._driver}; {count}{': ' + ', '.join(self.runs) if self.runs else ''}"

    @property
    def _driver(self) -> str:
        if self.host is None:
            return "its driver is not known"
        if not self.host.gpus:
            return "it has no NVIDIA GPU"
        if not self.cuda:
            return f"driver {self.host.driver} does not say which CUDA it runs"
        major = self.cuda.partition(".")[0]
        return f"driver {self.host.driver} runs CUDA up to {self.cuda}, and newer {major}.x but for PTX"


def judge(seen: Seen, candidates: Iterable[VariantImage]) -> HostVerdict:
    """The verdict on a host. Where its driver is not known, only variants without CUDA are sure to run."""
    newest = sorted(candidates, key=lambda item: item.variant.order, reverse=True)
    host = None if isinstance(seen.gpus, HostError) else seen.gpus
    report = nvidia_smi_xml.read(seen.sections.get("report", ""))
    known = host or GpuHost(name=seen.name)
    runs = tuple(item.name for item in newest if not item.variant.gpu or not objections(item, known))
    return HostVerdict(host=host, cuda=report.cuda if report else "", runs=runs, of=len(newest))
