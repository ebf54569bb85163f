"""The report of `nvidia-smi -q -x`: the CUDA version and the GPUs' problems."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

# Values that nvidia-smi writes for a GPU that no longer answers.
_LOST = ("GPU is lost", "GPU requires reset", "Unknown Error", "ERR!")
_ABSENT = {"", "N/A", "[N/A]", "None", "No", "0", "Requested functionality has been deprecated"}


@dataclass(frozen=True, kw_only=True)
class GpuProblem:
    """A problem of a GPU.

    Attributes:
        message: the problem.
        severe: whether results of the GPU can be wrong.
        todo: what to do.
    """

    message: str
    severe: bool
    todo: str


@dataclass(frozen=True, kw_only=True)
class NvidiaSmiGpu:
    """One GPU of the report.

    Attributes:
        number: the GPU's number, in the order of nvidia-smi.
        name: the product name.
        memory: the memory in MiB; None if nvidia-smi does not report it.
        ecc: the current ECC mode.
        problems: the problems of the GPU.
    """

    number: int
    name: str
    memory: int | None
    ecc: str
    problems: tuple[GpuProblem, ...]


@dataclass(frozen=True, kw_only=True)
class Smi:
    """The report of nvidia-smi.

    Attributes:
        cuda: the newest CUDA that the driver supports, such as 13.0; empty if it is not reported.
        cards: the GPUs.
    """

    cuda: str
    cards: tuple[NvidiaSmiGpu, ...]


def read(text: str) -> Smi | None:
    """Read the report; return None if the text is not a report."""
    try:
        root = ElementTree.fromstring(text[text.index("<nvidia_smi_log") :])  # noqa: S314  (expat of Python 3.11 limits it)
    except (ValueError, ElementTree.ParseError):
        return None
    cards = (_card(number, gpu) for number, gpu in enumerate(root.iter("gpu")) if gpu.get("id"))
    return Smi(cuda=root.findtext("cuda_version", "").strip(), cards=tuple(cards))


def _card(number: int, gpu: ElementTree.Element) -> NvidiaSmiGpu:
    memory = gpu.findtext("fb_memory_usage/total", "").split()
    return NvidiaSmiGpu(
        number=number,
        name=gpu.findtext("product_name", "").strip(),
        memory=int(memory[0]) if memory and memory[0].isdigit() else None,
        ecc=gpu.findtext("ecc_mode/current_ecc", "N/A").strip(),
        problems=tuple(_problems(number, gpu)),
    )


_RESET = "drain it, then `nvidia-smi --gpu-reset -i {number}`, or reboot the host"
_REPLACE = "take it out of service, run NVIDIA's field diagnostic, and have it replaced if that fails"
# Fields of the report, under their names in all generations of GPUs.
_RECOVERY = ("gpu_recovery_action", "gpu_reset_status/reset_required")
_NOT_REMAPPED = ("remapped_rows/remapped_row_failure", "ecc_errors/unrepairable_memory")
_SRAM = ("ecc_errors/aggregate/sram_threshold_exceeded",)
_PENDING = (
    *("remapped_rows/remapped_row_pending", "retired_pages/pending_retirement", "retired_pages/pending_blacklist"),
    *("ecc_errors/channel_repair_pending", "ecc_errors/tpc_repair_pending"),
)
# Problems in fields of the report: the message, whether results can be wrong, what to do, and the fields.
# Source: NVIDIA, GPU Memory Error Management, and nvidia-smi's manual. Read 2026-11-25.
_SIGNS = (
    ("the driver requests a recovery", True, _RESET, _RECOVERY),
    ("bad memory that could not be remapped", True, _REPLACE, _NOT_REMAPPED),
    ("more uncorrectable errors in its SRAM than NVIDIA accepts", True, _REPLACE, _SRAM),
    ("bad memory is retired only at the next reset", False, _RESET, _PENDING),
)


def _problems(number: int, gpu: ElementTree.Element) -> Iterator[GpuProblem]:
    reset = _RESET.format(number=number)
    fields = [text.strip() for text in gpu.itertext() if text.strip()]
    if lost := next((text for text in _LOST if any(text in field for field in fields)), ""):
        todo = f"{reset}; `dmesg | grep -i xid` shows the cause"
        yield GpuProblem(message=f"nvidia-smi reports {lost!r}", severe=True, todo=todo)
    if count := _uncorrectable(gpu.find("ecc_errors/volatile")):
        message = f"{count} uncorrectable ECC errors since the driver was loaded: results may be wrong"
        yield GpuProblem(message=message, severe=True, todo=f"{reset}; if they come back, {_REPLACE}")
    for message, severe, todo, paths in _SIGNS:
        if value := next(filter(None, (_field(gpu, path) for path in paths)), ""):
            yield GpuProblem(message=f"{message} ({value})", severe=severe, todo=todo.format(number=number))
    if gpu.findtext("ecc_mode/current_ecc", "").strip() == "Disabled":
        todo = f"`nvidia-smi -i {number} --ecc-config=1`, then reboot"
        yield GpuProblem(message="ECC is off: flipped bits are not detected", severe=False, todo=todo)


def _field(gpu: ElementTree.Element, path: str) -> str:
    text = gpu.findtext(path, "").strip()
    return "" if text in _ABSENT else text


def _uncorrectable(counters: ElementTree.Element | None) -> int:
    """Return the sum of the uncorrectable errors.

    Drivers before 450 report a total of double-bit errors instead.
    """
    if counters is None:
        return 0
    older = counters.findtext("double_bit/total", "")
    texts = [counter.text or "" for counter in counters if "uncorrect" in counter.tag] or [older]
    return sum(int(text) for text in map(str.strip, texts) if text.isdigit())
