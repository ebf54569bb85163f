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
class Card:
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
    cards: tuple[Card, ...]


def read(text: str) -> Smi | None:
    """Reads the report; None where it is none."""
    try:
        root = ElementTree.fromstring(text[text.index("<nvidia_smi_log") :])  # noqa: S314  (expat of Python 3.11 limits it)
    except (ValueError, ElementTree.ParseError):
        return None
    cards = (_card(number, gpu) for number, gpu in enumerate(root.iter("gpu")) if gpu.get("id"))
    return Smi(cuda=root.findtext("cuda_version", "").strip(), cards=tuple(cards))


def _card(number: int, gpu: ElementTree.Element) -> Card:
    memory = gpu.findtext("fb_memory_usage/total", "").split()
    return Card(
        number=number,
        name=gpu.findtext("product_name", "").strip(),
        memory=int(memory[0]) if memory and memory[0].isdigit() else None,
        ecc=gpu.findtext("ecc_mode/current_ecc", "N/A").strip(),
        troubles=tuple(_troubles(number, gpu)),
    )


def _troubles(number: int, gpu: ElementTree.Element) -> Iterator[Trouble]:
    """NVIDIA, GPU Memory Error Management and nvidia-smi's manual: what each field asks for. Read 2026-11-25."""
    reset = f"drain it, then `nvidia-smi --gpu-reset -i {number}`, or reboot the host"
    replace = "take it out of service, run NVIDIA's field diagnostic, and have it replaced where that fails"
    fields = [text.strip() for text in gpu.itertext() if text.strip()]
    if lost := next((word for word in _LOST if any(word in text for text in fields)), ""):
        yield Trouble(
            words=f"nvidia-smi says {lost!r} of it", grave=True, todo=f"{reset}; `dmesg | grep -i xid` says why"
        )
    if action := _said(gpu, "gpu_recovery_action"):
        yield Trouble(words=f"the driver asks for recovery: {action}", grave=True, todo=reset)
    if _said(gpu, "gpu_reset_status/reset_required"):
        yield Trouble(words="the driver asks for a reset", grave=True, todo=reset)
    if count := _uncorrectable(gpu.find("ecc_errors/volatile")):
        words = f"{count} uncorrectable ECC errors since the driver was loaded"
        yield Trouble(
            words=words, grave=True, todo=f"what ran there may be wrong; {reset}; if they come back, {replace}"
        )
    if _said(gpu, "remapped_rows/remapped_row_failure"):
        yield Trouble(words="a row of its memory could not be remapped", grave=True, todo=replace)
    if _said(gpu, "ecc_errors/aggregate/sram_threshold_exceeded"):
        yield Trouble(words="its SRAM had more uncorrectable errors than NVIDIA accepts", grave=True, todo=replace)
    pending = (
        "remapped_rows/remapped_row_pending",
        "retired_pages/pending_retirement",
        "retired_pages/pending_blacklist",
    )
    if any(_said(gpu, path) for path in pending):
        yield Trouble(words="bad memory is put aside at the next reset only", grave=False, todo=reset)
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
    texts = [item.text or "" for item in counters if "uncorrect" in item.tag] or [
        counters.findtext("double_bit/total", "")
    ]
    return sum(int(text) for text in map(str.strip, texts) if text.isdigit())
