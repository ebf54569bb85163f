"""`doctor` on this machine, on a host over ssh, and in a container that has access to a whole host."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

from raydock.core.archive import tar
from raydock.doctor.examine import inspect_engine, make_script
from raydock.doctor.facts import split_sections
from raydock.doctor.remote import run_in_container
from tests.integration.hosts.conftest import RemoteHost
from tests.support.engine import spare_engine
from tests.support.toy import Checkout, Run

pytestmark = pytest.mark.engine
# The sections that no parallel test changes.
STABLE = ("kernel", "memory", "route", "mtu", "names", "pci", "cdi", "limits")


def checks(done: Run, host: int = 0) -> dict[str, dict[str, Any]]:
    return {check["id"]: check for check in json.loads(done.out)["hosts"][host]["checks"]}


def test_this_machine(client: docker.DockerClient, checkout: Checkout) -> None:
    done = checkout.run("doctor", "--json")
    found = checks(done)
    assert done.code == int(any(check["status"] == "failed" for check in found.values())), done.summary
    assert client.version()["Version"] in found["engine"]["detail"]
    assert found["storage"]["detail"].startswith(client.info()["Driver"])
    assert all(check["todo"] for check in found.values() if check["status"] in {"warned", "failed"})
    output = checkout.run("doctor").out
    assert " of our " in output.splitlines()[0]
    assert " variants run here: " in output.splitlines()[0]


def test_a_host_over_ssh_is_checked_for_its_own_ports(two: list[RemoteHost], checkout: Checkout) -> None:
    remote = two[1]
    listening = "import socket as s; l = s.create_server(('', 6379)); print('ready', flush=True); l.accept()"
    command = [*remote.host.engine.enter, "python3", "-c", listening]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as listener:
        assert listener.stdout
        listener.stdout.readline()
        done = checkout.given(remote.sshd.environment).run("doctor", "--json", "--host", remote.sshd.url)
        listener.kill()
    found = checks(done)
    assert found["engine"]["status"] == "passed", done.summary
    assert found["clock"]["detail"].endswith("agrees with this machine's")
    assert found["ports"]["detail"] == "in use: 6379 (Ray's head)"
    assert done.code == 0, done.summary


def test_a_host_whose_engine_is_down_is_checked_and_a_host_that_is_down_does_not_stop_the_others(
    two: list[RemoteHost], checkout: Checkout
) -> None:
    remote = two[1]
    down = f"ssh://root@{remote.sshd.address}:1"
    arguments = ("doctor", "--json", "--host", down, "--host", f"{remote.sshd.url}/nonexistent.sock")
    done = checkout.given(remote.sshd.environment).run(*arguments)
    assert done.code == 4, done.summary
    assert "Connection refused" in json.loads(done.out)["hosts"][0]["error"]
    found = checks(done, 1)
    assert (found["engine"]["status"], found["storage"]["status"]) == ("failed", "skipped")
    assert found["ports"]["status"] == "passed"


def test_a_script_has_the_same_output_in_a_container_and_in_a_shell_of_the_host(client: docker.DockerClient) -> None:
    engine = inspect_engine(client, "localhost:1/raydock:none")
    assert "connection refused" in engine.registry_error
    script = make_script(engine.info, "localhost:1/raydock:none")
    output = subprocess.run(["sh", "-c", script], cwd="/", capture_output=True, text=True, check=False).stdout
    in_shell, in_container = split_sections(output), split_sections(run_in_container(client, script))
    assert {name: in_container[name] for name in STABLE} == {name: in_shell[name] for name in STABLE}
    assert in_container.keys() == in_shell.keys()
    assert client.containers.list(all=True, filters={"name": "raydock-doctor"}) == []
    assert not any("raydock-doctor" in tag for image in client.api.images() for tag in image["RepoTags"] or ())


def test_the_nccl_report_of_head_sh_is_found_later(client: docker.DockerClient, base: str, checkout: Checkout) -> None:
    """The probe is a fake that prints the output of a probe on GPUs, since this machine has none."""
    printed = "gpu-nccl   passed     9.1 s  transport: between hosts Socket (TCP)"
    probe = f"#!/bin/sh\necho running gpu-nccl >&2\necho '{printed}'\n".encode()
    name = "raydock-head-reporting"
    node = client.containers.create(base, ["sleep", "100"], name=name, user="1000", labels={"raydock.settings": "x"})
    try:
        node.put_archive("/", tar({"usr/bin/raydock-probe": probe}, modes={"usr/bin/raydock-probe": 0o755}))
        node.start()
        assert name not in inspect_engine(client, "localhost:1/raydock:none").nccl
        command = f"name={name} gpus=1; . {checkout.root}/templates/docker/node.sh; report_transport"
        done = subprocess.run(["bash", "-euc", command], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == [f"{name}: checking NCCL", f"{name}: {printed}"]
        assert inspect_engine(client, "localhost:1/raydock:none").nccl[name] == " ".join(printed.split())
    finally:
        node.remove(force=True)


def test_settings_that_the_next_start_refuses(client: docker.DockerClient, checkout: Checkout) -> None:
    """The daemon.json of a running dockerd is edited."""
    state = Path(tempfile.mkdtemp(prefix="rd-"))  # short, since a socket's path has at most 104 bytes
    configuration = state / "daemon.json"
    with spare_engine(client, state) as spare:
        configured = checkout.given({"DOCKER_HOST": spare.host})

        def finding() -> dict[str, Any]:
            return checks(configured.run("doctor", "--json"))["daemon"]

        assert finding()["status"] == "passed"
        assert str(configuration) in finding()["detail"]
        configuration.write_text('{"default-runtime": "nvidia"}')
        assert "'nvidia', which it does not define: Docker does not start again" in finding()["detail"]
        configuration.write_text('{"log-level": ')
        failed = finding()
        assert failed["status"] == "failed"
        assert f"`dockerd --validate --config-file={configuration}`" in failed["todo"]


def test_missing_files_of_a_specification_are_found(tmp_path: Path) -> None:
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
    done = subprocess.run(
        ["sh", "-c", make_script(info, "localhost:5000/x:y")], capture_output=True, text=True, check=True
    )
    missing = {f"/dev/{word}" for word in ("gone", "lost", "away")}
    missing |= {f"/{word}/{name}" for word in ("gone", "lost", "away") for name in ("b", "hook")}
    assert set(split_sections(done.stdout)["missing"].split()) == missing
