"""A client of a host's engine, through the Docker SDK."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from raydock.core.processes import Processes
from raydock.engine import ssh
from raydock.engine.client import EngineClient, open_client
from raydock.engine.endpoint import Endpoint
from raydock.engine.host import Host

_TODO = "start it on the host (`sudo systemctl start docker`; `journalctl -u docker` shows why it stopped)."


@contextmanager
def open_engine(host: Host, processes: Processes) -> Iterator[EngineClient]:
    """Open a client of a host's engine for the duration of the block.

    processes: runs the client's ssh.

    Raises OutOfReachError if the engine does not answer or is not Docker, HostError if the user has no access to it.
    """
    if host.scheme == "ssh":
        with ssh.socket(host, processes) as local, _client(host, local) as client:
            yield client
    else:
        with _client(host) as client:
            yield client


@contextmanager
def _client(host: Host, socket: Path | None = None) -> Iterator[EngineClient]:
    endpoint = Endpoint(address=host.address, source=host.source or host.name, tls=host.tls, socket=str(socket or ""))
    client = open_client(endpoint, _TODO)
    try:
        yield client
    finally:
        client.close()
