"""Ports that a check may take."""

import random
import socket
from contextlib import suppress
from typing import List

from .answer import CheckError

HOST = "127.0.0.1"
_PORTS = range(20000, 32000)


def free_ports(count: int) -> List[int]:
    """Free ports that neither the kernel hands out (from 32768) nor Ray gives its workers (10002 to 19999)."""
    found: List[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as each, suppress(OSError):
            each.bind((HOST, port))
            found.append(port)
        if len(found) == count:
            return found
    raise CheckError(f"of the ports {_PORTS.start} to {_PORTS.stop - 1}, fewer than {count} are free")
