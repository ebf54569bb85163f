"""Xids: the NVIDIA driver's errors in the kernel log.

Their meanings are in data/xids.yaml.
"""

import re
from collections import Counter
from collections.abc import Iterable

from raydock.core.models import Dated
from raydock.core.yamlfile import shipped

_UNKNOWN = "not in raydock's table; see NVIDIA's catalogue"
_LINE = re.compile(r"NVRM: Xid \(PCI:(?P<bus>[0-9a-fA-F:.]+)\): (?P<number>\d+)")


class XidTable(Dated, frozen=True, kw_only=True):
    """The meanings of Xids by number.

    Attributes:
        program: faults of programs.
        gpu: faults of GPUs or drivers.
    """

    program: dict[str, str]
    gpu: dict[str, str]


def describe(lines: Iterable[str]) -> dict[str, bool]:
    """Describe the Xids in lines of the kernel log, each with its GPU, count and meaning.

    The severe ones come first, then the most frequent.

    Returns whether each is severe: a fault of the GPU or the driver. Others are usually a program's or unknown.
    """
    table = shipped("doctor/data/xids.yaml", XidTable)
    meanings = table.program | table.gpu
    counts = Counter((match["bus"], match["number"]) for line in lines if (match := _LINE.search(line)))
    return {
        f"GPU at {bus}: Xid {number}, {count} times: {meanings.get(number, _UNKNOWN)}": number in table.gpu
        for (bus, number), count in sorted(counts.items(), key=lambda xid: (xid[0][1] not in table.gpu, -xid[1]))
    }
