"""Each check, on the facts of a real host and on the same facts with one fault."""

from dataclasses import replace

import pytest

from raydock.core.errors import OutOfReachError
from raydock.doctor.checks import cdi, daemon, driver, engine, gpus, machine, network, run_check, run_checks
from raydock.doctor.facts import EngineFacts
from raydock.doctor.finding import Grade, HostFinding
from tests.unit.doctor.conftest import Recorded, without_gpu

CDI = "##file /etc/cdi/nvidia.yaml\nkind: nvidia.com/gpu\ndevices: [{name: all}]\n"


def _ids(findings: dict[str, HostFinding], grade: Grade) -> set[str]:
    return {id for id, finding in findings.items() if finding.grade is grade}


def test_the_recorded_host(recorded: Recorded) -> None:
    findings = run_checks(recorded(bridge_mtu=None))
    assert _ids(findings, Grade.WARNED) == {"toolkit", "ulimits"}
    # The recorded output is older than the checks of the next start.
    not_recorded = {"cdi", "driver-files", "upgrades", "daemon", "infiniband"}
    assert _ids(findings, Grade.SKIPPED) == {"clock"} | not_recorded
    assert not _ids(findings, Grade.FAILED)
    assert all(finding.todo for finding in findings.values() if finding.grade is Grade.WARNED)
    assert list(findings) == [
        *("engine", "storage", "disk", "gpu-path", "driver", "toolkit", "gpus", "xids"),
        *("cdi", "driver-files", "persistence", "upgrades", "reload", "daemon"),
        *("ulimits", "shm", "clock", "ports", "mtu", "registry", "dns", "infiniband"),
    ]


def test_without_an_engine_the_host_is_still_checked(recorded: Recorded) -> None:
    down = replace(recorded(), engine=OutOfReachError("gpu1: its Docker engine does not answer.", todo="start it."))
    findings = run_checks(down)
    assert (findings["engine"].grade, findings["engine"].todo) == (Grade.FAILED, "start it.")
    need_engine = {"storage", "disk", "gpu-path", "clock", "registry", "cdi", "reload", "daemon"}
    assert _ids(findings, Grade.SKIPPED) == need_engine | {"driver-files", "upgrades", "infiniband"}
    assert findings["gpus"].grade is Grade.PASSED


def test_without_a_gpu_the_checks_of_gpus_are_skipped(recorded: Recorded) -> None:
    facts = without_gpu(recorded())
    for check in (gpus.path, gpus.driver, gpus.toolkit, gpus.health, gpus.xids, driver.files, driver.upgrades):
        assert run_check(check, facts).grade is Grade.SKIPPED
        assert run_check(check, facts).detail == "this host has no NVIDIA GPU"
    for check in (driver.persistence, daemon.reload, cdi.cdi):
        assert run_check(check, facts).grade is Grade.SKIPPED


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("", "command not found"),
        ("nvidia-smi does not answer within 20 s", "does not answer within 20 s"),
        ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", "communicate with"),
        ("Failed to initialize NVML: Driver/library version mismatch", "version mismatch"),
    ],
)
def test_a_gpu_whose_driver_does_not_answer(recorded: Recorded, output: str, message: str) -> None:
    facts = recorded(gpus=output, report=output, pci="0000:00:06.0")
    finding = run_check(gpus.driver, facts)
    assert finding.grade is Grade.FAILED
    assert message in finding.detail
    assert finding.todo
    assert run_check(gpus.health, facts).grade is Grade.SKIPPED


def test_how_containers_get_gpus(recorded: Recorded) -> None:
    assert run_check(gpus.path, recorded()).detail == "Docker 26.1.5+dfsg1 by CDI: nvidia.com/gpu=0, all"
    lost = run_check(gpus.path, recorded(cdi=""))
    assert lost.grade is Grade.FAILED
    assert "nvidia-ctk cdi generate" in lost.todo
    assert run_check(gpus.toolkit, recorded(cdi="")).grade is Grade.FAILED
    assert (
        run_check(gpus.toolkit, recorded(cdi=CDI, toolkit="NVIDIA Container Toolkit CLI version 1.18.0")).grade
        is Grade.PASSED
    )


@pytest.mark.parametrize(
    ("old", "new", "grade", "message", "todo"),
    [
        ("<dram_uncorrectable>0", "<dram_uncorrectable>3", Grade.FAILED, "3 uncorrectable ECC", "--gpu-reset -i 0"),
        ("<remapped_row_failure>No", "<remapped_row_failure>Yes", Grade.FAILED, "not be remapped", "replaced"),
        ("<sram_threshold_exceeded>No", "<sram_threshold_exceeded>Yes", Grade.FAILED, "SRAM", "replaced"),
        ("<unrepairable_memory>No", "<unrepairable_memory>Yes", Grade.FAILED, "not be remapped", "replaced"),
        ("<remapped_row_pending>No", "<remapped_row_pending>Yes", Grade.WARNED, "only at the next reset", "drain it"),
        ("<tpc_repair_pending>No", "<tpc_repair_pending>Yes", Grade.WARNED, "at the next reset", "drain it"),
        (
            "<gpu_recovery_action>None",
            "<gpu_recovery_action>Drain and Reset",
            Grade.FAILED,
            "Drain and Reset",
            "drain it",
        ),
        ("<current_ecc>Enabled", "<current_ecc>Disabled", Grade.WARNED, "ECC is off", "--ecc-config=1"),
        ("<gpu_temp>", "<gpu_temp>GPU is lost", Grade.FAILED, "'GPU is lost'", "dmesg"),
    ],
)
def test_a_gpu_with_one_problem(
    *, recorded: Recorded, old: str, new: str, grade: Grade, message: str, todo: str
) -> None:
    finding = run_check(gpus.health, recorded((old, new)))
    assert finding.grade is grade
    assert finding.detail.startswith("GPU 0: ")
    assert message in finding.detail
    assert todo in finding.todo


def test_errors_before_the_driver_was_loaded_do_not_fail_a_gpu(recorded: Recorded) -> None:
    text = recorded().sections["report"]
    before, _, aggregate = text.partition("<aggregate>")
    found = run_check(
        gpus.health, recorded(report=f"{before}<aggregate>{aggregate.replace('uncorrectable>0', 'uncorrectable>7')}")
    )
    assert found.grade is Grade.PASSED


def test_xids_of_a_program_warn_and_those_of_a_gpu_fail(recorded: Recorded) -> None:
    line = "[ 12.5] NVRM: Xid (PCI:0000:19:00): {}, pid=4711, name=python, Ch 00000008"
    program = run_check(gpus.xids, recorded(xids="\n".join([line.format(31)] * 3)))
    assert program.grade is Grade.WARNED
    assert "GPU at 0000:19:00: Xid 31, 3 times" in program.detail
    card = run_check(gpus.xids, recorded(xids="\n".join([line.format(31), line.format(79), line.format(999)])))
    assert card.grade is Grade.FAILED
    assert card.detail.startswith("GPU at 0000:19:00: Xid 79, 1 times: it fell off the bus")
    assert "Xid 999, 1 times: not in raydock's table" in card.detail
    unreadable = run_check(gpus.xids, recorded(xids="unreadable"))
    assert unreadable.grade is Grade.SKIPPED


def test_an_engine_too_old_for_cdi(recorded: Recorded) -> None:
    finding = run_check(engine.engine, recorded(info={"ServerVersion": "24.0.7"}))
    assert finding.grade is Grade.WARNED


@pytest.mark.parametrize(
    ("info", "grade"),
    [
        ({"Driver": "overlayfs", "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}, Grade.PASSED),
        ({"Driver": "vfs", "DriverStatus": []}, Grade.FAILED),
        ({"Driver": "fuse-overlayfs", "DriverStatus": []}, Grade.WARNED),
        ({"DriverStatus": [["Backing Filesystem", "xfs"], ["Supports d_type", "false"]]}, Grade.FAILED),
    ],
)
def test_storage_drivers(recorded: Recorded, info: dict[str, object], grade: Grade) -> None:
    assert run_check(engine.storage, recorded(info=info)).grade is grade


@pytest.mark.parametrize(("free", "grade"), [(9, Grade.FAILED), (12, Grade.WARNED), (21, Grade.PASSED)])
def test_room_for_our_largest_image(recorded: Recorded, free: int, grade: Grade) -> None:
    line = f"/dev/vda 100000000 1 {free * 10**9 // 1024} 1% /var/lib/docker"
    assert run_check(engine.disk, recorded(disk=line)).grade is grade
    assert run_check(engine.disk, recorded(disk="")).grade is Grade.SKIPPED


def test_limits(recorded: Recorded) -> None:
    assert run_check(machine.ulimits, recorded()).detail.endswith("too few open files for Ray's workers")
    enough = "of dockerd\nMax processes  unlimited unlimited processes\nMax open files 1048576 1048576 files"
    assert run_check(machine.ulimits, recorded(limits=enough)).grade is Grade.PASSED
    assert run_check(machine.ulimits, recorded(limits="")).grade is Grade.SKIPPED


def test_shared_memory(recorded: Recorded) -> None:
    assert run_check(machine.shm, recorded(shm="shm 65536 0 65536 0% /dev/shm")).grade is Grade.WARNED
    assert run_check(machine.shm, recorded()).grade is Grade.PASSED


@pytest.mark.parametrize(
    ("clock", "started", "answered", "grade", "message"),
    [
        ("yes", 99.9, 102.3, Grade.PASSED, "agrees with this machine's"),
        ("no", 99.9, 102.3, Grade.WARNED, "not synchronized"),
        ("", 99.9, 102.3, Grade.PASSED, "not known"),
        ("yes", 94.0, 97.0, Grade.WARNED, "5.0 s ahead"),
        ("yes", 109.0, 111.5, Grade.WARNED, "9.0 s behind"),
        ("yes", 500.0, 502.5, Grade.FAILED, "400.0 s behind"),
    ],
)
def test_clocks(*, recorded: Recorded, clock: str, started: float, answered: float, grade: Grade, message: str) -> None:
    finding = run_check(machine.clock, recorded(clock=clock, began="100.0", ended="102.0", between=(started, answered)))
    assert finding.grade is grade, finding
    assert message in finding.detail


def test_ports_in_use_are_listed_with_their_use_in_ray(recorded: Recorded) -> None:
    taken = run_check(
        network.ports, recorded(listening="00000000:18EB\n00000000000000000000000000000000:2049\n0100007F:1F90")
    )
    assert taken.grade is Grade.WARNED
    assert taken.detail == "in use: 6379 (Ray's head), 8080 (metrics), 8265 (the dashboard)"


def test_an_mtu_of_the_bridge_that_is_too_large(recorded: Recorded) -> None:
    assert (
        run_check(network.mtu, recorded()).detail
        == "eth0 1400, containers' bridge 1500: large packets of containers are lost"
    )
    assert run_check(network.mtu, recorded(bridge_mtu=1400)).grade is Grade.PASSED
    assert run_check(network.mtu, recorded(route="")).grade is Grade.SKIPPED


def test_a_bridge_that_does_not_exist(recorded: Recorded) -> None:
    finding = run_check(network.mtu, recorded(bridge="docker7"))
    assert finding.grade is Grade.FAILED
    assert "bridge docker7 does not exist" in finding.detail
    assert "systemctl restart docker" in finding.todo
    assert run_check(network.mtu, recorded(bridge="eth0", bridge_mtu=1400)).grade is Grade.PASSED


def test_the_registry_and_host_names(recorded: Recorded) -> None:
    assert run_check(network.registry, recorded()).grade is Grade.PASSED
    refused = run_check(network.registry, recorded(registry_error="connection refused"))
    assert refused.detail == "the engine cannot reach reg.example:5000/raydock: connection refused"
    assert (
        run_check(network.dns, recorded(names="gpu1 10.0.0.1\nreg.example ")).detail
        == "the host cannot resolve reg.example"
    )
    assert "its own name" in run_check(network.dns, recorded(names="gpu1 \nlocalhost 127.0.0.1")).detail
    assert run_check(network.dns, recorded(names="gpu1 10.0.0.1\n10.0.0.9 ")).grade is Grade.PASSED


def test_an_engine_without_limits_warns(recorded: Recorded) -> None:
    # The info of a rootless Docker 26.1.5 on a host with cgroup v1.
    info = {"MemoryLimit": False, "CpuCfsQuota": False, "CgroupDriver": "none", "SecurityOptions": ["name=rootless"]}
    found = run_check(engine.engine, recorded(info=info))
    assert found.grade is Grade.WARNED
    assert ", rootless" in found.detail
    assert "it enforces no limits of memory and CPU (cgroup driver none)" in found.detail
    assert "cgroup v2" in found.todo


UP = "mlx5_0:1 InfiniBand 4: ACTIVE"
VERBS = "/dev/infiniband/uverbs0"


@pytest.mark.parametrize(
    ("ports", "verbs", "nccl", "grade", "message"),
    [
        ("", "", {}, Grade.SKIPPED, "no InfiniBand or RoCE card"),
        (UP, VERBS, {}, Grade.PASSED, "active ports: mlx5_0:1 (InfiniBand) of 1"),
        (f"{UP}\nmlx5_1:1 Ethernet 1: DOWN", VERBS, {}, Grade.PASSED, "active ports: mlx5_0:1 (InfiniBand) of 2"),
        ("mlx5_1:1 Ethernet 1: DOWN", "", {}, Grade.PASSED, "active ports: none of 1"),
        (UP, "", {}, Grade.WARNED, "/dev/infiniband has no device"),
        (
            UP,
            VERBS,
            {"raydock-head": "gpu-nccl passed; between hosts IB"},
            Grade.PASSED,
            "raydock-head: gpu-nccl passed",
        ),
        (UP, VERBS, {"raydock-head": "warning: mlx5_0:1: active and unused"}, Grade.WARNED, "active and unused"),
    ],
)
def test_infiniband_and_the_reports_of_nodes(
    *, recorded: Recorded, ports: str, verbs: str, nccl: dict[str, str], grade: Grade, message: str
) -> None:
    facts = recorded(infiniband=ports, verbs=verbs)
    assert isinstance(facts.engine, EngineFacts)
    finding = run_check(network.infiniband, replace(facts, engine=replace(facts.engine, nccl=nccl)))
    assert finding.grade is grade
    assert message in finding.detail
    assert bool(finding.todo) == (grade is Grade.WARNED)
