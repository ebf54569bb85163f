"""The checks of a host in the scripts: each function of node.sh by itself, in a real bash on this host."""

import socket
import subprocess
from pathlib import Path

import pytest

from tests.unit.deploy.docker.conftest import ROOT

NODE = ROOT / "templates" / "docker" / "node.sh"
SETTINGS = """
set -euo pipefail
name=raydock-worker role=worker image=raydock:x image_id=sha256:1 digest='' fingerprint=f
head=10.255.255.1 hosts=(10.255.255.2) ports=(52365) gpus=0 min_driver='' model='' this_host=10.255.255.2
forward_hosts=() forward_branches=(535 570) forward_gpus=("Tesla *" "NVIDIA A100 *" "NVIDIA A10[GM]")
compat=/nonexistent/cuda-13.0/compat compat_package=cuda-compat-13-0
infiniband=/nonexistent/infiniband token='' token_target=/run/secrets/ray-token variables=()
"""


def call(command: str, path: str = "/usr/sbin:/usr/bin:/sbin:/bin") -> "subprocess.CompletedProcess[str]":
    script = f"{SETTINGS}\nsource {NODE}\n{command}"
    environment = {"PATH": path}
    return subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=False, env=environment)


def fake_smi(folder: Path, output: str, code: int = 0) -> str:
    """Return a PATH with a fake nvidia-smi that prints `output`, since no test can change a host's driver."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat << 'END'\n{output}\nEND\nexit {code}\n")
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


def test_a_host_that_is_not_listed() -> None:
    done = call("find_address")
    assert done.returncode == 2
    assert "this host is not in the script's list of hosts: 10.255.255.2." in done.stderr


def test_a_name_that_is_loopback_or_unknown() -> None:
    done = call("hosts=(localhost); find_address")
    assert done.returncode == 2
    assert "localhost resolves to 127.0.0.1 here, which other hosts cannot reach." in done.stderr
    done = call("head=unknown.invalid; find_address")
    assert done.returncode == 2
    assert "this host cannot resolve unknown.invalid." in done.stderr


def test_a_host_without_docker(tmp_path: Path) -> None:
    done = call("need_docker", path=str(tmp_path))
    assert done.returncode == 4
    assert "this host has no docker command." in done.stderr


def test_a_model_folder_that_does_not_exist(tmp_path: Path) -> None:
    assert call(f"model={tmp_path}; need_model").returncode == 0
    done = call(f"model={tmp_path}/gone; need_model")
    assert done.returncode == 1
    assert "gone does not exist on this host." in done.stderr


def test_a_token_that_is_missing_or_that_others_may_read(tmp_path: Path) -> None:
    assert call("need_token").returncode == 0  # an open cluster
    token = tmp_path / "auth-token"
    for text in (None, ""):
        if text is not None:
            token.write_text(text)
        done = call(f"token={token}; need_token")
        assert done.returncode == 1
        assert f"the cluster's token {token} does not exist on this host." in done.stderr
    token.write_text("secret")
    for mode in (0o640, 0o604, 0o666):
        token.chmod(mode)
        done = call(f"token={token}; need_token")
        assert done.returncode == 1
        assert f"Next: `chmod 600 {token}`." in done.stderr
        assert "secret" not in done.stdout + done.stderr
    for mode in (0o600, 0o400):
        token.chmod(mode)
        assert call(f"token={token}; need_token").returncode == 0


@pytest.mark.parametrize(
    ("output", "code", "message"),
    [
        ("No devices were found", 6, "nvidia-smi fails: No devices were found"),
        ("580.95.05", 0, "this host has 1 GPUs, and 2 are requested."),
        ("535.104.05\n535.104.05", 0, "the driver 535.104.05 is older than 580.65.06, which raydock:x needs."),
        ("580.65.06\n580.65.06", 0, "it has neither a CDI specification nor NVIDIA's hook."),
    ],
)
def test_gpus_that_are_not_available(tmp_path: Path, output: str, code: int, message: str) -> None:
    command = "gpus=2 min_driver=580.65.06; has_cdi() { false; }; need_gpus"
    done = call(command, path=fake_smi(tmp_path, output, code))
    assert done.returncode == 1
    assert message in done.stderr
    assert "Next: " in done.stderr


def test_gpus_by_cdi(tmp_path: Path) -> None:
    command = 'gpus=2 min_driver=525.60.13; has_cdi() { true; }; need_gpus; printf "%s " "${gpu_options[@]}"'
    done = call(command, path=fake_smi(tmp_path, "580.95.05\n580.95.05"))
    assert done.returncode == 0, done.stderr
    assert "--device nvidia.com/gpu=0 --device nvidia.com/gpu=1 " in done.stdout
    assert "--ulimit memlock=-1" in done.stdout


def test_the_devices_of_infiniband_are_passed_if_the_host_has_them(tmp_path: Path) -> None:
    command = 'gpus=1 min_driver=525.60.13; has_cdi() { true; }; need_gpus; printf "%s " "${gpu_options[@]}"'
    path, devices = fake_smi(tmp_path, "580.95.05"), tmp_path / "infiniband"
    assert "infiniband" not in call(command, path=path).stdout
    devices.mkdir()
    done = call(f"infiniband={devices}; {command}", path=path)
    assert done.returncode == 0, done.stderr
    assert f"--device {devices} --device nvidia.com/gpu=0 " in done.stdout
    assert "infiniband" not in call(f"infiniband={devices}; {command.replace('gpus=1', 'gpus=0')}", path=path).stdout


def with_driver(folder: Path, driver: str, *names: str) -> str:
    """Return a PATH with a fake nvidia-smi that prints the driver or the name of each GPU, as the query requests."""
    program = folder / "nvidia-smi"
    lines = {"driver_version": "\n".join([driver] * len(names)), "name": "\n".join(names)}
    cases = "".join(f"*--query-gpu={field}\\ *) cat << 'END'\n{text}\nEND\n;;\n" for field, text in lines.items())
    program.write_text(f'#!/bin/sh\ncase "$* " in\n{cases}esac\n')
    program.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


REQUEST = "gpus=1 min_driver=580.65.06; has_cdi() { true; }; "


@pytest.mark.parametrize(
    ("driver", "names", "message"),
    [
        ("535.104.05", ["NVIDIA GeForce RTX 4090"], "does not cover the GPU NVIDIA GeForce RTX 4090, which is not a"),
        ("535.104.05", ["Tesla T4", "NVIDIA RTX A6000"], "does not cover the GPU NVIDIA RTX A6000"),
        ("560.35.03", ["Tesla T4"], "does not cover the driver branch 560."),
        ("535.104.05", ["Tesla T4"], "and deploy again with --forward-compat."),
        ("570.133.20", ["NVIDIA A10G"], "and deploy again with --forward-compat."),
        ("535.104.05", ["NVIDIA A100 80GB PCIe MIG 1g.10gb"], "and deploy again with --forward-compat."),
    ],
)
def test_an_older_driver_is_refused_by_default(tmp_path: Path, driver: str, names: list[str], message: str) -> None:
    done = call(f"{REQUEST}need_gpus", path=with_driver(tmp_path, driver, *names))
    assert done.returncode == 1
    assert f"the driver {driver} is older than 580.65.06, which raydock:x needs." in done.stderr
    assert message in done.stderr
    assert "Next: " in done.stderr


def test_forward_compatibility_that_is_accepted(tmp_path: Path) -> None:
    path = with_driver(tmp_path, "535.104.05", "Tesla T4")
    refused = call(f"forward_hosts=(10.255.255.9); {REQUEST}need_gpus", path=path)
    assert "which is refused unless you accept it." in refused.stderr
    accepted = f"forward_hosts=(10.255.255.9 10.255.255.2); {REQUEST}"
    missing = call(f"{accepted}need_gpus", path=path)
    assert missing.returncode == 1
    assert "/nonexistent/cuda-13.0/compat/libcuda.so.1 does not exist on this host." in missing.stderr
    assert "Next: install cuda-compat-13-0" in missing.stderr
    (tmp_path / "libcuda.so.1").touch()
    done = call(f'{accepted}compat={tmp_path}; need_gpus; printf "%s " "${{gpu_options[@]}}"', path=path)
    assert done.returncode == 0, done.stderr
    assert f"--volume {tmp_path}:{tmp_path}:ro --env NVIDIA_DISABLE_REQUIRE=true " in done.stdout


def test_a_new_enough_driver_gets_no_older_libraries(tmp_path: Path) -> None:
    command = f'forward_hosts=(10.255.255.2); {REQUEST}need_gpus; printf "%s " "${{gpu_options[@]}}"'
    done = call(command, path=with_driver(tmp_path, "580.65.06", "Tesla T4"))
    assert done.returncode == 0, done.stderr
    assert "NVIDIA_DISABLE_REQUIRE" not in done.stdout


def test_without_requested_gpus_there_are_no_gpu_options() -> None:
    assert call('need_gpus; echo "${#gpu_options[@]}"').stdout == "0\n"
