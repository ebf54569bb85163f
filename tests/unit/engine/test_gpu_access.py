from pathlib import Path
from typing import Any

import pytest

from raydock.engine.cdi import read_specs
from raydock.engine.gpu_access import GpuAccess, detect_gpu_support

# As on GPU hosts: a GPU by number, all GPUs, and a slice of a GPU in MIG mode.
SPEC = """\
cdiVersion: "0.5.0"
kind: nvidia.com/gpu
devices:
- {name: "0", containerEdits: {deviceNodes: [{path: /dev/nvidia0}]}}
- {name: "1:0", containerEdits: {deviceNodes: [{path: /dev/nvidia1}]}}
- {name: all, containerEdits: {deviceNodes: [{path: /dev/nvidia0}, {path: /dev/nvidia1}]}}
"""
OTHER = 'cdiVersion: "0.5.0"\nkind: example.com/net\ndevices: [{name: "0", containerEdits: {}}]\n'
SPECS = {"/etc/cdi/nvidia.yaml": SPEC, "/etc/cdi/other.yaml": OTHER}


def info(version: str = "26.1.5", runtimes: tuple[str, ...] = ("runc",), **more: Any) -> dict[str, Any]:
    """The answer of `docker info`; no CDISpecDirs if features.cdi is off."""
    runtime: dict[str, Any] = {name: {"path": name} for name in runtimes}
    return {"ServerVersion": version, "Runtimes": runtime, "CDISpecDirs": [], **more}


CDI: dict[str, Any] = {"CDISpecDirs": ["/etc/cdi", "/var/run/cdi"]}


def test_cdi_names_its_devices() -> None:
    support = detect_gpu_support(info(**CDI), SPECS)
    assert (support.way, support.devices, support.todo) == (GpuAccess.CDI, ("0", "1:0", "all"), "")
    assert support.summary == "Docker 26.1.5 by CDI: nvidia.com/gpu=0, 1:0, all"


def test_cdi_comes_before_the_runtime() -> None:
    assert detect_gpu_support(info(runtimes=("runc", "nvidia"), **CDI), SPECS).way is GpuAccess.CDI
    support = detect_gpu_support(info("24.0.7", ("runc", "nvidia")), SPECS)
    assert (support.way, support.summary) == (GpuAccess.RUNTIME, "Docker 24.0.7 by the runtime `nvidia`, without CDI")


def test_the_devices_that_a_newer_engine_lists_are_used() -> None:
    devices = [{"Source": "cdi", "ID": "nvidia.com/gpu=GPU-1"}, {"Source": "cdi", "ID": "example.com/net=0"}]
    assert detect_gpu_support(info("28.3.0", DiscoveredDevices=devices, **CDI), None).devices == ("GPU-1",)


@pytest.mark.parametrize(
    ("answer", "specs", "text", "command"),
    [
        (info(), {}, "has neither CDI nor the runtime `nvidia`", "nvidia-ctk runtime configure --runtime=docker &&"),
        (info("24.0.7"), {}, "has neither CDI", "nvidia-ctk runtime configure --runtime=docker &&"),
        (info(), SPECS, "features.cdi is off", "--cdi.enabled && systemctl restart docker"),
        (info(**CDI), {}, "no specification in /etc/cdi, /var/run/cdi", "nvidia-ctk cdi generate --output="),
        (info(**CDI), {"/etc/cdi/other.yaml": OTHER}, "no specification", "nvidia-ctk cdi generate --output="),
        (info(**CDI), {"/opt/nvidia.yaml": SPEC}, "no specification", "nvidia-ctk cdi generate --output="),
        (info(**CDI), {"/etc/cdi/a.yaml": "kind: ["}, "no specification", "nvidia-ctk cdi generate --output="),
        (info("28.3.0", DiscoveredDevices=[], **CDI), None, "no specification", "nvidia-ctk cdi generate --output="),
    ],
)
def test_without_gpu_access_one_command_fixes_it(
    answer: dict[str, Any], specs: dict[str, str] | None, text: str, command: str
) -> None:
    support = detect_gpu_support(answer, specs)
    assert support.way is GpuAccess.NONE
    assert text in support.summary
    assert command in support.command
    assert (
        support.todo == f"on the engine's host, as root, with the package nvidia-container-toolkit: {support.command}"
    )


def test_cdi_is_tried_if_the_files_of_the_host_cannot_be_read() -> None:
    support = detect_gpu_support(info(**CDI), None)
    assert (support.way, support.devices) == (GpuAccess.CDI, ())
    assert "cannot be listed from here" in support.summary
    assert detect_gpu_support(info(runtimes=("nvidia",), **CDI), None).way is GpuAccess.RUNTIME


def test_specifications_are_read_from_their_folders(tmp_path: Path) -> None:
    (tmp_path / "nvidia.yaml").write_text(SPEC)
    (tmp_path / "notes.txt").write_text("no specification")
    (tmp_path / "broken.json").write_bytes(b"\xff\xfe")
    assert read_specs([str(tmp_path), str(tmp_path / "gone")]) == {str(tmp_path / "nvidia.yaml"): SPEC}
