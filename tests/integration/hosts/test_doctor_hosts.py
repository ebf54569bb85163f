"""`doctor` on this machine, on a host over ssh, and through a container that sees a whole host."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

from raydock.doctor.examine import ask_engine, script
from raydock.doctor.facts import sections
from raydock.doctor.remote import inside
from raydock.engine.archive import tar
from tests.integration.hosts.conftest import There
from tests.support.engine import spare_engine
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
    assert not any("raydock-doctor" in tag for image in client.api.images() for tag in image["RepoTags"] or ())


def test_what_head_sh_reports_of_nccl_is_found_later(
    client: docker.DockerClient, base: str, checkout: Checkout
) -> None:
    """The probe is a stand-in that prints what one prints on GPUs, since this machine has none."""
    printed = "gpu-nccl   passed     9.1 s  transport: between hosts Socket (TCP)"
    probe = f"#!/bin/sh\necho running gpu-nccl >&2\necho '{printed}'\n".encode()
    name = "raydock-head-reporting"
    node = client.containers.create(base, ["sleep", "100"], name=name, user="1000", labels={"raydock.settings": "x"})
    try:
        node.put_archive("/", tar([], {"usr/bin/raydock-probe": probe}, 0, executable="usr/bin/raydock-probe"))
        node.start()
        assert name not in ask_engine(client, "localhost:1/raydock:none").nccl
        words = f"name={name} gpus=1; . {checkout.root}/templates/docker/node.sh; report_transport"
        done = subprocess.run(["bash", "-euc", words], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == [f"{name}: checking NCCL", f"{name}: {printed}"]
        assert ask_engine(client, "localhost:1/raydock:none").nccl[name] == " ".join(printed.split())
    finally:
        node.remove(force=True)


def test_settings_that_the_next_start_refuses(client: docker.DockerClient, checkout: Checkout) -> None:
    """A dockerd that runs, and its daemon.json edited afterwards."""
    state = Path(tempfile.mkdtemp(prefix="rd-"))  # short: a socket's path has at most 104 bytes
    configuration = state / "daemon.json"
    with spare_engine(client, state) as spare:
        there = checkout.given({"DOCKER_HOST": spare.host})

        def found() -> dict[str, Any]:
            return checks(there.run("doctor", "--json"))["daemon"]

        assert found()["status"] == "passed"
        assert str(configuration) in found()["detail"]
        configuration.write_text('{"default-runtime": "nvidia"}')
        assert "'nvidia', which it does not define: Docker does not start again" in found()["detail"]
        configuration.write_text('{"log-level": ')
        said = found()
        assert said["status"] == "failed"
        assert f"`dockerd --validate --config-file={configuration}`" in said["todo"]


def test_files_that_a_specification_names_are_looked_for(tmp_path: Path) -> None:
    document = {
        "kind": "nvidia.com/gpu",
        "devices": [{"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/null"}, {"path": "/dev/gone"}]}}],
        "containerEdits": {
            "mounts": [
                {"hostPath": str(tmp_path), "containerPath": "/a"},
                {"hostPath": "/gone/b", "containerPath": "/b"},
            ],
            "hooks": [{"hookName": "createContainer", "path": "/gone/hook"}],
        },
    }
    (tmp_path / "pretty.json").write_text(json.dumps(document, indent=1))
    (tmp_path / "flat.json").write_text(json.dumps(document).replace("gone", "lost"))
    (tmp_path / "block.yaml").write_text(yaml.safe_dump(document).replace("gone", "away"))
    info = {"CDISpecDirs": [str(tmp_path)]}
    done = subprocess.run(["sh", "-c", script(info, "localhost:5000/x:y")], capture_output=True, text=True, check=True)
    missing = {f"/dev/{word}" for word in ("gone", "lost", "away")}
    missing |= {f"/{word}/{name}" for word in ("gone", "lost", "away") for name in ("b", "hook")}
    assert set(sections(done.stdout)["missing"].split()) == missing
