"""Hosts that are reached over ssh."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import docker
import pytest

from raydock.engine.host import Host as Named
from tests.support.hosts import Host, empty_hosts
from tests.support.sshd import Sshd, sshd


@dataclass(frozen=True, kw_only=True)
class RemoteHost:
    """A host with its own engine, which is empty at first, and its ssh server.

    Attributes:
        host: the host.
        sshd: its ssh server.
    """

    host: Host
    sshd: Sshd

    @property
    def named(self) -> Named:
        """The host in the form of `--host`."""
        return Named(name=self.sshd.url, address=self.sshd.url)

    def received(self) -> int:
        """Return the number of bytes that its network card has received, as counted by its kernel."""
        lines = self.host.run("cat", "/proc/net/dev").stdout.splitlines()
        [line] = [line for line in lines if line.strip().startswith("eth0:")]
        return int(line.split()[1])


@pytest.fixture(scope="session")
def two(client: docker.DockerClient, base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RemoteHost]]:
    """Two hosts with empty engines; the first one is for the tests of transfers, the second one for all others."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("two")
        hosts = stack.enter_context(empty_hosts(client, base, 2, folder / "hosts"))
        yield [
            RemoteHost(host=host, sshd=stack.enter_context(sshd(host, folder / f"sshd{number}")))
            for number, host in enumerate(hosts)
        ]
