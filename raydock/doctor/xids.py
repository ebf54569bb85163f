"""Xids, the NVIDIA driver's errors in the kernel's log, by number: data/xids.yaml."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from raydock.core.models import Dated
from raydock.core.yamlfile import load

DATA = Path(__file__).parent / "data" / "xids.yaml"

_LINE = re.compile(r"NVRM: Xid \(PCI:(?P<bus>[0-9a-fA-F:.]+)\): (?P<number>\d+)")


@dataclass(frozen=True, kw_only=True)
class Xid:
    """An Xid of a GPU (its place on the PCI bus), how often the log has it, what it means, whose fault it is.

    `grave`: the GPU's or the driver's; otherwise a program's, as a rule. One that the table lacks is not grave.
    """

    bus: str
    number: str
    count: int
    words: str
    grave: bool


class XidTable(Dated, frozen=True, kw_only=True):
    """What Xids mean, by number.

    Attributes:
        program: those that are a program's fault.
        gpu: those that are the GPU's or the driver's.
    """

    program: dict[str, str]
    gpu: dict[str, str]


@cache
def known() -> XidTable:
    """What raydock knows of them."""
    return load(DATA, XidTable)


def find(lines: Iterable[str]) -> list[Xid]:
    """The Xids in the kernel's log, the grave ones first, then the most frequent."""
    known_xids = known()
    counts = Counter((match["bus"], match["number"]) for line in lines if (match := _LINE.search(line)))
    found = [
        Xid(
            bus=bus,
            number=number,
            count=count,
            words=known_xids.gpu.get(number)
            or known_xids.program.get(number)
            or "not in raydock's table; see NVIDIA's catalogue",
            grave=number in known_xids.gpu,
        )
        for (bus, number), count in counts.items()
    ]
    return sorted(found, key=lambda item: (not item.grave, -item.count))
