"""Free ports for a check."""

import random
import socket
from contextlib import suppress
from typing import List

from .answer import CheckError

HOST = "127.0.0.1"
_PORTS = range(20000, 32000)


def free_ports(count: int) -> List[int]:
    """Free ports that neither the kernel nor Ray assigns.

    The kernel assigns ports from 32768 on, Ray gives its workers 10002 to 19999.

    Raises CheckError if fewer than `count` are free.
    """
    free: List[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as listener, suppress(OSError):
            listener.bind((HOST, port))
            free.append(port)
        if len(free) == count:
            return free
    raise CheckError(f"of the ports {_PORTS.start} to {_PORTS.stop - 1}, fewer than {count} are free")
