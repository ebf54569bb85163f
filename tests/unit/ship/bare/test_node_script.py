"""What the scripts ask of a host, asked of this one: each function of node.sh by itself, in a real bash."""

import socket
import subprocess
from pathlib import Path

import pytest

from tests.unit.ship.bare.conftest import ROOT

NODE = ROOT / "templates" / "docker" / "node.sh"
SETTINGS = """
set -euo pipefail
name=raydock-worker role=worker image=raydock:x image_id=sha256:1 digest='' fingerprint=f
head=10.255.255.1 hosts=(10.255.255.2) ports=(52365) gpus=0 min_driver='' model=''
"""


def call(words: str, path: str = "/usr/sbin:/usr/bin:/sbin:/bin") -> "subprocess.CompletedProcess[str]":
    script = f"{SETTINGS}\nsource {NODE}\n{words}"
    environment = {"PATH": path}
    return subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=False, env=environment)


def smi(folder: Path, says: str, code: int = 0) -> str:
    """A PATH whose nvidia-smi says this: a stand-in, since no test can change a host's driver."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat << 'END'\n{says}\nEND\nexit {code}\n")
    program.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        used = call(f"ports=({port}); need_free_ports")
    assert used.returncode == 1
    assert f"raydock-worker: port {port} is in use on this host" in used.stderr
    assert call(f"ports=({port}); need_free_ports").returncode == 0


def test_a_host_that_nobody_named() -> None:
    done = call("find_address")
    assert done.returncode == 2
    assert "this host is not one of those that this script is for: 10.255.255.2." in done.stderr


def test_a_name_that_is_loopback_or_unknown() -> None:
    done = call("hosts=(localhost); find_address")
    assert done.returncode == 2
    assert "localhost is 127.0.0.1 here, which no other host can reach." in done.stderr
    done = call("head=nobody.invalid; find_address")
    assert done.returncode == 2
    assert "this host knows no address of nobody.invalid." in done.stderr


def test_no_docker_and_no_engine(tmp_path: Path) -> None:
    done = call("need_docker", path=str(tmp_path))
    assert done.returncode == 4
    assert "this host has no docker command." in done.stderr


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    assert call(f"model={tmp_path}; need_model").returncode == 0
    done = call(f"model={tmp_path}/gone; need_model")
    assert done.returncode == 1
    assert "gone is not on this host." in done.stderr


@pytest.mark.parametrize(
    ("says", "code", "words"),
    [
        ("No devices were found", 6, "nvidia-smi fails: No devices were found"),
        ("580.95.05", 0, "this host has 1 GPUs, and 2 are asked for."),
        ("535.104.05\n535.104.05", 0, "the driver 535.104.05 is older than 580.65.06, which raydock:x needs."),
        ("580.65.06\n580.65.06", 0, "there is neither a CDI specification nor NVIDIA's hook."),
    ],
)
def test_gpus_that_cannot_be_had(tmp_path: Path, says: str, code: int, words: str) -> None:
    asked = "gpus=2 min_driver=580.65.06; has_cdi() { false; }; need_gpus"
    done = call(asked, path=smi(tmp_path, says, code))
    assert done.returncode == 1
    assert words in done.stderr
    assert "Next: " in done.stderr


def test_gpus_by_cdi(tmp_path: Path) -> None:
    asked = 'gpus=2 min_driver=525.60.13; has_cdi() { true; }; need_gpus; printf "%s " "${gpu_options[@]}"'
    done = call(asked, path=smi(tmp_path, "580.95.05\n580.95.05"))
    assert done.returncode == 0, done.stderr
    assert "--device nvidia.com/gpu=0 --device nvidia.com/gpu=1 " in done.stdout
    assert "--ulimit memlock=-1" in done.stdout


def test_without_gpus_nothing_is_asked() -> None:
    assert call('need_gpus; echo "${#gpu_options[@]}"').stdout == "0\n"
