"""The variants that a host can run, in one line."""

from collections.abc import Iterable
from dataclasses import dataclass

from raydock.core.errors import HostError
from raydock.doctor.facts import HostFacts
from raydock.pick.nvidia_smi import GpuHost
from raydock.pick.pick import objections
from raydock.publish.variant_image import VariantImage


@dataclass(frozen=True, kw_only=True)
class HostVerdict:
    """The variants that a host can run.

    Attributes:
        host: the host's GPUs and driver; None if they are not known.
        cuda: the newest CUDA that the driver supports; empty if it is not known.
        runs: the names of the variants that run on the host, the newest first.
        of: the number of all variants.
    """

    host: GpuHost | None
    cuda: str
    runs: tuple[str, ...]
    of: int

    @property
    def sentence(self) -> str:
        """Text: `driver 535.104.05 runs CUDA up to 12.2, ...; 10 of our 20 ...`."""
        count = f"{len(self.runs)} of our {self.of} variants run here"
        return f"{self._driver}; {count}{': ' + ', '.join(self.runs) if self.runs else ''}"

    @property
    def _driver(self) -> str:
        if self.host is None:
            return "its driver is not known"
        if not self.host.gpus:
            return "it has no NVIDIA GPU"
        if not self.cuda:
            return f"driver {self.host.driver} does not report its CUDA version"
        major = self.cuda.partition(".")[0]
        return f"driver {self.host.driver} runs CUDA up to {self.cuda}, and newer {major}.x except PTX code"


def judge(facts: HostFacts, candidates: Iterable[VariantImage]) -> HostVerdict:
    """Return the variants that a host can run.

    If its driver is not known, only variants without CUDA count.
    """
    newest = sorted(candidates, key=lambda candidate: candidate.variant.order, reverse=True)
    host = None if isinstance(facts.gpus, HostError) else facts.gpus
    known = host or GpuHost(name=facts.host.name)
    runs = tuple(
        candidate.name for candidate in newest if not candidate.variant.gpu or not objections(candidate, known)
    )
    return HostVerdict(host=host, cuda=facts.smi.cuda if facts.smi else "", runs=runs, of=len(newest))
