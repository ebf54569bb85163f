"""A host's engine, through the Docker SDK."""

from collections.abc import Iterator
from contextlib import contextmanager

import docker
import requests
from docker.errors import DockerException

from raydock.errors import OutOfReachError, first_line
from raydock.hosts import ssh
from raydock.hosts.names import Host
from raydock.processes import Processes

_SECONDS = 600


@contextmanager
def engine(host: Host, processes: Processes) -> Iterator[docker.DockerClient]:
    """A client of a host's engine, while the block runs; `processes` runs its ssh.

    Raises OutOfReachError where it does not answer, HostError where the user may not use it.
    """
    if host.scheme == "ssh":
        with ssh.socket(host, processes) as local, _client(host, f"unix://{local}") as client:
            yield client
    else:
        with _client(host, host.address) as client:
            yield client


@contextmanager
def _client(host: Host, url: str) -> Iterator[docker.DockerClient]:
    try:
        client = docker.DockerClient(base_url=url, tls=host.tls or False, timeout=_SECONDS)
        client.ping()
    except (DockerException, requests.RequestException) as error:
        words = first_line(str(error), type(error).__name__)
        raise OutOfReachError(
            f"{host.name}: its Docker engine does not answer: {words}.",
            todo="start it there (`sudo systemctl start docker`; `journalctl -u docker` says why it ended).",
        ) from None
    try:
        yield client
    finally:
        client.close()
