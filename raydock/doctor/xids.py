"""Xids: the NVIDIA driver's errors in the kernel log.

Their meanings are in data/xids.yaml.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from raydock.core.models import Dated
from raydock.core.yamlfile import load

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


class XidTable(Dated, frozen=True, kw_only=True):
    """The meanings of Xids by number.

    Attributes:
        program: faults of programs.
        gpu: faults of GPUs or drivers.
    """

    program: dict[str, str]
    gpu: dict[str, str]


def find(lines: Iterable[str]) -> list[Xid]:
    """Find the Xids in lines of the kernel log.

    The severe ones come first, then the most frequent.
    """
    table = load(DATA, XidTable)
    meanings = table.program | table.gpu
    counts = Counter((match["bus"], match["number"]) for line in lines if (match := _LINE.search(line)))
    found = [
        Xid(
            bus=bus,
            number=number,
            count=count,
            meaning=meanings.get(number, "not in raydock's table; see NVIDIA's catalogue"),
            severe=number in table.gpu,
        )
        for (bus, number), count in counts.items()
    ]
    return sorted(found, key=lambda xid: (not xid.severe, -xid.count))
