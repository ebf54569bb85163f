"""`smoke --host` with real engines over ssh, one of them out of reach."""

import json
import os
import signal
import subprocess
import time
from contextlib import closing

import docker
import pytest

from raydock.engine.cleanup import LABEL
from tests.integration.conftest import IMAGE
from tests.integration.hosts.conftest import RemoteHost
from tests.support.toy import Checkout, finish

pytestmark = [pytest.mark.engine, pytest.mark.timeout(200)]


@pytest.fixture(scope="module")
def remote(two: list[RemoteHost], client: docker.DockerClient, base: str) -> RemoteHost:
    """The host with the base image, so that only few layers are sent."""
    two[1].host.engine.load(client.images.get(base).save(named=base))
    return two[1]


def test_a_host_that_is_down_does_not_stop_the_others(remote: RemoteHost, checkout: Checkout, image: str) -> None:
    down = f"ssh://root@{remote.sshd.address}:1"
    checks = ("--check", "user", "--check", "versions")
    arguments = ("smoke", "--select", f"name={IMAGE}", *checks, "--json", "--host", down, "--host", remote.sshd.url)
    done = checkout.given(remote.sshd.environment).run(*arguments)
    assert done.code == 4, done.summary
    first, second = json.loads(done.out)["hosts"]
    assert (first["host"], first["variants"]) == (down, [])
    assert "Connection refused" in first["error"]
    assert first["error"] in done.err
    assert second["host"] == remote.sshd.url
    [variant] = second["variants"]
    assert variant["image"]["way"] == "sent"
    assert [(check["id"], check["status"]) for check in variant["checks"]] == [
        ("user", "passed"),
        ("versions", "passed"),
    ]


def test_a_host_with_an_unknown_key_is_refused(remote: RemoteHost, checkout: Checkout) -> None:
    known = remote.sshd.known_hosts.read_text()
    remote.sshd.known_hosts.write_text("")
    try:
        done = checkout.given(remote.sshd.environment).run(
            "smoke", "--select", f"name={IMAGE}", "--host", remote.sshd.url
        )
    finally:
        remote.sshd.known_hosts.write_text(known)
    assert done.code == 4, done.summary
    assert "ssh says 'Host key verification failed.'" in done.err
    assert f"`ssh -p {remote.sshd.port} -l root -- {remote.sshd.address} true`" in done.err


def test_ctrl_c_leaves_neither_container_nor_ssh(remote: RemoteHost, checkout: Checkout) -> None:
    arguments = ("smoke", "--select", f"name={IMAGE}", "--host", remote.sshd.url)
    remote_client = remote.host.engine.client()
    with closing(remote_client), checkout.started(*arguments, **remote.sshd.environment) as process:
        end = time.monotonic() + 30
        while not remote_client.api.containers(filters={"label": LABEL}):
            assert time.monotonic() < end, "no container was started on the host"
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        done = finish(process)
        assert done.code == 130, done.summary
        assert remote_client.api.containers(all=True, filters={"label": LABEL}) == []
    assert f"-- {remote.sshd.address}" not in _commands()


def _commands() -> str:
    """Return the command lines of all processes on this machine."""
    return subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
