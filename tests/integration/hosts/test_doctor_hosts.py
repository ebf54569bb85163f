"""`doctor` on this machine, on a host over ssh, and through a container that sees a whole host."""

import json
import subprocess
from typing import Any

import docker
import pytest

from raydock.doctor.examine import ask_engine, script
from raydock.doctor.place import inside
from raydock.doctor.seen import sections
from tests.integration.hosts.conftest import There
from tests.support.toy import Checkout, Run

pytestmark = pytest.mark.engine
# What no other test changes meanwhile.
STABLE = ("kernel", "memory", "route", "mtu", "names", "pci", "cdi", "limits")


def checks(done: Run, host: int = 0) -> dict[str, dict[str, Any]]:
    return {check["id"]: check for check in json.loads(done.out)["hosts"][host]["checks"]}


def test_this_machine(client: docker.DockerClient, checkout: Checkout) -> None:
    done = checkout.run("doctor", "--json")
    found = checks(done)
    assert done.code == int(any(check["status"] == "failed" for check in found.values())), done.words
    assert client.version()["Version"] in found["engine"]["detail"]
    assert found["storage"]["detail"].startswith(client.info()["Driver"])
    assert all(check["todo"] for check in found.values() if check["status"] in {"warned", "failed"})
    said = checkout.run("doctor").out
    assert " of our " in said.splitlines()[0]
    assert " variants run here: " in said.splitlines()[0]


def test_a_host_over_ssh_is_asked_for_its_own_ports(two: list[There], checkout: Checkout) -> None:
    there = two[1]
    listening = "import socket as s; l = s.create_server(('', 6379)); print('ready', flush=True); l.accept()"
    command = [*there.host.engine.enter, "python3", "-c", listening]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as listener:
        assert listener.stdout
        listener.stdout.readline()
        done = checkout.given(there.sshd.environment).run("doctor", "--json", "--host", there.sshd.url)
        listener.kill()
    found = checks(done)
    assert found["engine"]["status"] == "passed", done.words
    assert found["clock"]["detail"].endswith("agrees with this machine's")
    assert found["ports"]["detail"] == "in use: 6379 (Ray's head)"
    assert done.code == 0, done.words


def test_a_host_whose_engine_is_down_is_looked_at_and_one_that_is_down_stops_no_other(
    two: list[There], checkout: Checkout
) -> None:
    there = two[1]
    down = f"ssh://root@{there.sshd.address}:1"
    words = ("doctor", "--json", "--host", down, "--host", f"{there.sshd.url}/nonexistent.sock")
    done = checkout.given(there.sshd.environment).run(*words)
    assert done.code == 4, done.words
    assert "Connection refused" in json.loads(done.out)["hosts"][0]["error"]
    found = checks(done, 1)
    assert (found["engine"]["status"], found["storage"]["status"]) == ("failed", "skipped")
    assert found["ports"]["status"] == "passed"


def test_a_container_sees_the_host_as_a_shell_there_does(client: docker.DockerClient) -> None:
    said = ask_engine(client, "localhost:1/raydock:none")
    assert "connection refused" in said.registry_trouble
    text = script(said.info, "localhost:1/raydock:none")
    here = subprocess.run(["sh", "-c", text], cwd="/", capture_output=True, text=True, check=False).stdout
    seen = sections(inside(client, text))
    assert {name: seen[name] for name in STABLE} == {name: sections(here)[name] for name in STABLE}
    assert seen.keys() == sections(here).keys()
    assert client.containers.list(all=True, filters={"name": "raydock-doctor"}) == []
    assert [image for image in client.images.list() if "raydock-doctor" in str(image.tags)] == []
