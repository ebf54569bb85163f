"""`nvidia-smi -q -x`: the driver's CUDA version, and what is wrong with each GPU."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

# What nvidia-smi writes into fields of a GPU that no longer answers.
_LOST = ("GPU is lost", "GPU requires reset", "Unknown Error", "ERR!")
_ABSENT = {"", "N/A", "[N/A]", "None", "No", "0", "Requested functionality has been deprecated"}


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What is wrong with a GPU, whether work there cannot be trusted, and what to do."""

    words: str
    grave: bool
    todo: str


@dataclass(frozen=True, kw_only=True)
class NvidiaSmiGpu:
    """One GPU by its number, as nvidia-smi counts them; its memory in MiB (None where it does not say)."""

    number: int
    name: str
    memory: int | None
    ecc: str
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, kw_only=True)
class Smi:
    """The newest CUDA that the driver itself brings, such as 13.0, and the GPUs."""

    cuda: str
    cards: tuple[NvidiaSmiGpu, ...]


def read(text: str) -> Smi | None:
    """Reads the report; None where it is none."""
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
        troubles=tuple(_troubles(number, gpu)),
    )


_RESET = "drain it, then `nvidia-smi --gpu-reset -i {number}`, or reboot the host"
_REPLACE = "take it out of service, run NVIDIA's field diagnostic, and have it replaced where that fails"
# Fields that say something is wrong: words, whether work there cannot be trusted, what to do, the fields' names by
# generations of GPUs. NVIDIA, GPU Memory Error Management, and nvidia-smi's manual. Read 2026-11-25.
_SIGNS = (
    ("the driver asks for a recovery", True, _RESET, ("gpu_recovery_action", "gpu_reset_status/reset_required")),
    (
        "bad memory that could not be remapped",
        True,
        _REPLACE,
        ("remapped_rows/remapped_row_failure", "ecc_errors/unrepairable_memory"),
    ),
    (
        "more uncorrectable errors in its SRAM than NVIDIA accepts",
        True,
        _REPLACE,
        ("ecc_errors/aggregate/sram_threshold_exceeded",),
    ),
    (
        "bad memory is put aside at the next reset only",
        False,
        _RESET,
        (
            *(
                "remapped_rows/remapped_row_pending",
                "retired_pages/pending_retirement",
                "retired_pages/pending_blacklist",
            ),
            *("ecc_errors/channel_repair_pending", "ecc_errors/tpc_repair_pending"),
        ),
    ),
)


def _troubles(number: int, gpu: ElementTree.Element) -> Iterator[Trouble]:
    reset = _RESET.format(number=number)
    fields = [text.strip() for text in gpu.itertext() if text.strip()]
    if lost := next((word for word in _LOST if any(word in text for text in fields)), ""):
        todo = f"{reset}; `dmesg | grep -i xid` says why"
        yield Trouble(words=f"nvidia-smi says {lost!r} of it", grave=True, todo=todo)
    if count := _uncorrectable(gpu.find("ecc_errors/volatile")):
        words = f"{count} uncorrectable ECC errors since the driver was loaded, so that results may be wrong"
        yield Trouble(words=words, grave=True, todo=f"{reset}; if they come back, {_REPLACE}")
    for words, grave, todo, paths in _SIGNS:
        if said := next(filter(None, (_said(gpu, path) for path in paths)), ""):
            yield Trouble(words=f"{words} ({said})", grave=grave, todo=todo.format(number=number))
    if gpu.findtext("ecc_mode/current_ecc", "").strip() == "Disabled":
        todo = f"`nvidia-smi -i {number} --ecc-config=1`, then reboot"
        yield Trouble(words="ECC is off, so that nobody sees a flipped bit", grave=False, todo=todo)


def _said(gpu: ElementTree.Element, path: str) -> str:
    text = gpu.findtext(path, "").strip()
    return "" if text in _ABSENT else text


def _uncorrectable(counters: ElementTree.Element | None) -> int:
    """The sum of the uncorrectable errors; drivers before 450 call them double-bit errors and give their total."""
    if counters is None:
        return 0
    older = counters.findtext("double_bit/total", "")
    texts = [item.text or "" for item in counters if "uncorrect" in item.tag] or [older]
    return sum(int(text) for text in map(str.strip, texts) if text.isdigit())
