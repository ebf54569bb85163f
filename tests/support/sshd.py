"""sshd on a host of tests/support/hosts.py, and an `ssh` with its own configuration instead of ~/.ssh."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.hosts import Host

_SSHD = "/usr/sbin/sshd"
_SERVER = """\
Port {port}
ListenAddress {address}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
StrictModes no
UsePAM no
PidFile none
SetEnv DOCKER_HOST={docker_host}
"""
_CLIENT = """\
Host *
  IdentityFile {folder}/key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  GlobalKnownHostsFile /dev/null
"""


@dataclass(frozen=True, kw_only=True)
class Sshd:
    """A host's sshd, on which root can log in with the key of the `ssh` in `environment`.

    Attributes:
        address: its IP address.
        port: its port.
        folder: the folder with keys and configuration.
    """

    address: str
    port: int
    folder: Path

    @property
    def url(self) -> str:
        """The host, in the form of `--host`."""
        return f"ssh://root@{self.address}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables for a command that connects to the host by ssh."""
        return {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}

    @property
    def known_hosts(self) -> Path:
        """The known_hosts file of its ssh."""
        return self.folder / "known_hosts"


@contextmanager
def sshd(host: Host, folder: Path, port: int = 2222) -> Iterator[Sshd]:
    """Run a host's sshd, whose users have the host's engine in DOCKER_HOST. Skips the test if sshd is not installed."""
    if not Path(_SSHD).exists():
        pytest.skip(f"no {_SSHD}: `scripts/engine sshd`, as root, installs it without starting it")
    folder.mkdir()
    for name in ("host_key", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    text = _SERVER.format(port=port, address=host.address, folder=folder, docker_host=host.engine.host)
    (folder / "sshd_config").write_text(text)
    server = Sshd(address=host.address, port=port, folder=folder)
    _client(server)
    with (folder / "log").open("wb") as log:
        command = [*host.engine.enter, _SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _await(server, process)
        yield server
    finally:
        process.kill()
        process.wait()


def _client(server: Sshd) -> None:
    folder = server.folder
    key = " ".join((folder / "host_key.pub").read_text().split()[:2])
    server.known_hosts.write_text(f"[{server.address}]:{server.port} {key}\n")
    (folder / "ssh_config").write_text(_CLIENT.format(folder=folder))
    (folder / "bin").mkdir()
    ssh = folder / "bin" / "ssh"
    ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/ssh_config "$@"\n')
    ssh.chmod(0o755)


def _await(server: Sshd, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection((server.address, server.port), timeout=1).close()
        except OSError:
            assert process.poll() is None, (server.folder / "log").read_text()
            assert time.monotonic() < end, "sshd does not answer"
            time.sleep(0.05)
        else:
            return
