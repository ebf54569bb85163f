"""Xids, the NVIDIA driver's errors in the kernel's log, by number: data/xids.yaml."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from raydock.core.yamlentry import read

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


@cache
def known() -> tuple[dict[str, str], dict[str, str]]:
    """What raydock knows of them: the programs' faults, and the GPUs'."""
    keys = ("source", "date", "program", "gpu")
    found = read(DATA).items(keys, keys)
    program, gpu = ({number: entry.text() for number, entry in found[key].items().items()} for key in keys[2:])
    return program, gpu


def find(lines: Iterable[str]) -> list[Xid]:
    """The Xids in the kernel's log, the grave ones first, then the most frequent."""
    program, gpu = known()
    counts = Counter((match["bus"], match["number"]) for line in lines if (match := _LINE.search(line)))
    found = [
        Xid(
            bus=bus,
            number=number,
            count=count,
            words=gpu.get(number) or program.get(number) or "not in raydock's table; see NVIDIA's catalogue",
            grave=number in gpu,
        )
        for (bus, number), count in counts.items()
    ]
    return sorted(found, key=lambda item: (not item.grave, -item.count))
