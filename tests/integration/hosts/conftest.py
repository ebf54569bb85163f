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
class There:
    """A host with an engine of its own that holds nothing at first, and the way to it."""

    host: Host
    sshd: Sshd

    @property
    def named(self) -> Named:
        """The host as `--host` names it."""
        return Named(name=self.sshd.url, address=self.sshd.url)

    def received(self) -> int:
        """The bytes that came in through its network card, counted by its kernel."""
        lines = self.host.run("cat", "/proc/net/dev").stdout.splitlines()
        [line] = [line for line in lines if line.strip().startswith("eth0:")]
        return int(line.split()[1])


@pytest.fixture(scope="session")
def two(client: docker.DockerClient, base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[There]]:
    """Two hosts whose engines hold nothing; images are brought to the first one, the second one is for the rest."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("two")
        found = stack.enter_context(empty_hosts(client, base, 2, folder / "hosts"))
        yield [
            There(host=host, sshd=stack.enter_context(sshd(host, folder / f"sshd{number}")))
            for number, host in enumerate(found)
        ]
