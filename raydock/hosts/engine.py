"""A client of a host's engine, through the Docker SDK."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace

from raydock.core.processes import Processes
from raydock.engine import ssh
from raydock.engine.client import EngineClient, open_client
from raydock.engine.host import Host

_TODO = "start it on the host (`sudo systemctl start docker`; `journalctl -u docker` shows why it stopped)."


@contextmanager
def open_engine(host: Host, processes: Processes) -> Iterator[EngineClient]:
    """Open a client of a host's engine for the duration of the block.

    processes: runs the client's ssh.

    Raises OutOfReachError if the engine does not answer or is not Docker, HostError if the user has no access to it.
    """
    with ssh.socket(host, processes) if host.scheme == "ssh" else nullcontext("") as socket:
        endpoint = replace(host, source=host.source or host.name, socket=str(socket))
        with closing(open_client(endpoint, _TODO)) as client:
            yield client
