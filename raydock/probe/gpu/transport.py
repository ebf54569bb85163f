"""The transport that NCCL chose, and whether InfiniBand or RoCE is unused.

Source: NCCL 2.30, src/plugin/net.cc ("Using network"), src/transport/*.cc ("via P2P/CUMEM", "via NET/IB/0"),
src/transport/net_ib (lines "NET/IB : ..."); read 2026-11-29.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence, Tuple

from ..rdma import LIBRARIES, Port, load_error

DEVICES = Path("/dev/infiniband")
_NETWORK = re.compile(r"NCCL INFO .*Using network (\S+)")
_LINK = re.compile(r"NCCL INFO Channel .* via ([A-Z0-9]+(?:/[A-Za-z]+)?)")
_INFINIBAND = re.compile(r"NCCL (?:INFO|WARN) (.*(?:NET/IB|libibverbs|NCCL_IB_DISABLE).*)")
_TCP = "Socket"
UNUSED = "active and unused"


@dataclass(frozen=True)
class NcclTransport:
    """The transport that NCCL chose.

    Attributes:
        network: the network between hosts: IB, Socket or the name of a plug-in; empty if the log has none.
        links: the links between this host's GPUs, such as P2P/CUMEM.
        infiniband: the last line of the log about InfiniBand.
    """

    network: str
    links: Tuple[str, ...] = ()
    infiniband: str = ""

    @property
    def text(self) -> str:
        """The transport as text."""
        links = f"between the GPUs here {', '.join(self.links)}; " if self.links else ""
        tcp = " (TCP)" if self.network == _TCP else ""
        return f"transport: {links}between hosts {self.network or 'not reported'}{tcp}"

    def unused(self, ports: Sequence[Port]) -> str:
        """Why InfiniBand or RoCE is unused although a port is active.

        Empty if it is used or absent.
        """
        active = [f"{port.name} ({port.layer})" for port in ports if port.active]
        if not active or self.network != _TCP:
            return ""
        return f"{', '.join(active)}: {UNUSED}, NCCL uses TCP between hosts: {self._reason()}"

    def _reason(self) -> str:
        """Why NCCL does not use InfiniBand, and what to do."""
        if error := load_error(LIBRARIES[0]):
            return f"{error}; install libibverbs1 and ibverbs-providers in the image"
        if not DEVICES.is_dir():
            return f"this container has no {DEVICES}; start it with --device {DEVICES} --ulimit memlock=-1"
        return f"its log: {self.infiniband or 'nothing about InfiniBand'}; NCCL_DEBUG=INFO prints more"


def read(log: str) -> NcclTransport:
    """Read the transport from NCCL's log with NCCL_DEBUG=INFO."""
    networks, remarks = _NETWORK.findall(log), _INFINIBAND.findall(log)
    links = tuple(sorted({link for link in _LINK.findall(log) if not link.startswith("NET")}))
    return NcclTransport(networks[-1] if networks else "", links, remarks[-1].strip() if remarks else "")
