"""Xids: the NVIDIA driver's errors in the kernel log.

Their meanings are in data/xids.yaml.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from raydock.core.yamlfile import read

DATA = Path(__file__).parent / "data" / "xids.yaml"

_LINE = re.compile(r"NVRM: Xid \(PCI:(?P<bus>[0-9a-fA-F:.]+)\): (?P<number>\d+)")


@dataclass(frozen=True, kw_only=True)
class Xid:
    """An Xid of one GPU.

    Attributes:
        bus: the GPU's address on the PCI bus.
        number: the Xid's number.
        count: how often the log has it.
        meaning: the meaning of the number.
        severe: whether it is a fault of the GPU or the driver; if not, it is usually a program's or unknown.
    """

    bus: str
    number: str
    count: int
    meaning: str
    severe: bool


@cache
def load_meanings() -> tuple[dict[str, str], dict[str, str]]:
    """Load the meanings by number: faults of programs, and of GPUs or drivers."""
    keys = ("source", "date", "program", "gpu")
    table = read(DATA).items(keys, keys)
    program, gpu = ({number: entry.text() for number, entry in table[key].items().items()} for key in keys[2:])
    return program, gpu


def find(lines: Iterable[str]) -> list[Xid]:
    """Find the Xids in lines of the kernel log.

    The severe ones come first, then the most frequent.
    """
    program, gpu = load_meanings()
    counts = Counter((match["bus"], match["number"]) for line in lines if (match := _LINE.search(line)))
    found = [
        Xid(
            bus=bus,
            number=number,
            count=count,
            meaning=gpu.get(number) or program.get(number) or "not in raydock's table; see NVIDIA's catalogue",
            severe=number in gpu,
        )
        for (bus, number), count in counts.items()
    ]
    return sorted(found, key=lambda xid: (not xid.severe, -xid.count))
