"""`smoke --host` with real engines over ssh, one of which cannot be reached."""

import json
import os
import signal
import subprocess
import time
from contextlib import closing

import docker
import pytest

from raydock.engine.container import LABEL
from tests.integration.conftest import IMAGE
from tests.integration.hosts.conftest import There
from tests.support.toy import Checkout, finish

pytestmark = [pytest.mark.engine, pytest.mark.timeout(200)]


@pytest.fixture(scope="module")
def there(two: list[There], client: docker.DockerClient, base: str) -> There:
    """The host that holds the base, so that little of an image is sent."""
    two[1].host.engine.load(client.images.get(base).save(named=base))
    return two[1]


def test_a_host_that_is_down_does_not_stop_the_others(there: There, checkout: Checkout, image: str) -> None:
    down = f"ssh://root@{there.sshd.address}:1"
    checks = ("--check", "user", "--check", "versions")
    words = ("smoke", "--select", f"name={IMAGE}", *checks, "--json", "--host", down, "--host", there.sshd.url)
    done = checkout.given(there.sshd.environment).run(*words)
    assert done.code == 4, done.words
    first, second = json.loads(done.out)["hosts"]
    assert (first["host"], first["variants"]) == (down, [])
    assert "Connection refused" in first["error"]
    assert first["error"] in done.err
    assert second["host"] == there.sshd.url
    [variant] = second["variants"]
    assert variant["image"]["way"] == "sent"
    assert [(check["id"], check["status"]) for check in variant["checks"]] == [
        ("user", "passed"),
        ("versions", "passed"),
    ]


def test_a_host_whose_key_nobody_has_checked(there: There, checkout: Checkout) -> None:
    known = there.sshd.known_hosts.read_text()
    there.sshd.known_hosts.write_text("")
    try:
        done = checkout.given(there.sshd.environment).run(
            "smoke", "--select", f"name={IMAGE}", "--host", there.sshd.url
        )
    finally:
        there.sshd.known_hosts.write_text(known)
    assert done.code == 4, done.words
    assert "ssh says 'Host key verification failed.'" in done.err
    assert f"`ssh -p {there.sshd.port} -l root -- {there.sshd.address} true`" in done.err


def test_ctrl_c_leaves_neither_container_nor_ssh(there: There, checkout: Checkout) -> None:
    words = ("smoke", "--select", f"name={IMAGE}", "--host", there.sshd.url)
    remote = there.host.engine.client()
    with closing(remote), checkout.started(*words, **there.sshd.environment) as process:
        end = time.monotonic() + 30
        while not remote.api.containers(filters={"label": LABEL}):
            assert time.monotonic() < end, "nothing was started there"
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        done = finish(process)
        assert done.code == 130, done.words
        assert remote.api.containers(all=True, filters={"label": LABEL}) == []
    assert f"-- {there.sshd.address}" not in _commands()


def _commands() -> str:
    """The command lines of everything that runs on this machine."""
    return subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
