"""Each check, on what a real host said and on the same with one thing wrong."""

from dataclasses import replace

import pytest

from raydock.core.errors import OutOfReachError
from raydock.doctor.checks import CHECKS, cdi, daemon, driver, engine, gpus, machine, network
from raydock.doctor.facts import Engine
from raydock.doctor.finding import Grade, HostFinding
from tests.unit.doctor.conftest import See, without_gpu

CDI = "##file /etc/cdi/nvidia.yaml\nkind: nvidia.com/gpu\ndevices: [{name: all}]\n"


def told(finding: HostFinding) -> tuple[str, Grade]:
    return finding.id, finding.grade


def test_the_recorded_host(see: See) -> None:
    found = [check(see(bridge_mtu=None)) for check in CHECKS]
    assert {finding.id for finding in found if finding.grade is Grade.WARNED} == {"toolkit", "ulimits"}
    # The recorded answer is older than the checks that look at what the next start brings.
    unseen = {"cdi", "driver-files", "upgrades", "daemon", "infiniband"}
    assert {finding.id for finding in found if finding.grade is Grade.SKIPPED} == {"clock"} | unseen
    assert not [finding for finding in found if finding.grade is Grade.FAILED]
    assert all(finding.todo for finding in found if finding.grade is Grade.WARNED)
    assert [finding.id for finding in found] == [
        *("engine", "storage", "disk", "gpu-path", "driver", "toolkit", "gpus", "xids"),
        *("cdi", "driver-files", "persistence", "upgrades", "reload", "daemon"),
        *("ulimits", "shm", "clock", "ports", "mtu", "registry", "dns", "infiniband"),
    ]


def test_without_an_engine_the_host_is_still_looked_at(see: See) -> None:
    down = replace(see(), engine=OutOfReachError("gpu1: its Docker engine does not answer.", todo="start it."))
    found = {finding.id: finding for finding in (check(down) for check in CHECKS)}
    assert (found["engine"].grade, found["engine"].todo) == (Grade.FAILED, "start it.")
    skipped = {id for id, finding in found.items() if finding.grade is Grade.SKIPPED}
    of_engine = {"storage", "disk", "gpu-path", "clock", "registry", "cdi", "reload", "daemon"}
    assert skipped == of_engine | {"driver-files", "upgrades", "infiniband"}
    assert found["gpus"].grade is Grade.PASSED


def test_without_a_gpu_what_concerns_gpus_is_skipped(see: See) -> None:
    bare = without_gpu(see())
    for check in (gpus.path, gpus.driver, gpus.toolkit, gpus.health, gpus.xids, driver.files, driver.upgrades):
        assert check(bare).grade is Grade.SKIPPED
        assert check(bare).detail == "this host has no NVIDIA GPU"
    for check in (driver.persistence, daemon.reload, cdi.cdi):
        assert check(bare).grade is Grade.SKIPPED


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", "command not found"),
        ("nvidia-smi gives no answer within 20 s", "no answer within 20 s"),
        ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", "communicate with"),
        ("Failed to initialize NVML: Driver/library version mismatch", "version mismatch"),
    ],
)
def test_a_card_whose_driver_does_not_answer(see: See, said: str, words: str) -> None:
    seen = see(gpus=said, report=said, pci="0000:00:06.0")
    finding = gpus.driver(seen)
    assert told(finding) == ("driver", Grade.FAILED)
    assert words in finding.detail
    assert finding.todo
    assert gpus.health(seen).grade is Grade.SKIPPED


def test_the_way_of_gpus_into_containers(see: See) -> None:
    assert gpus.path(see()).detail == "Docker 26.1.5+dfsg1 by CDI: nvidia.com/gpu=0, all"
    lost = gpus.path(see(cdi=""))
    assert told(lost) == ("gpu-path", Grade.FAILED)
    assert "nvidia-ctk cdi generate" in lost.todo
    assert gpus.toolkit(see(cdi="")).grade is Grade.FAILED
    assert gpus.toolkit(see(cdi=CDI, toolkit="NVIDIA Container Toolkit CLI version 1.18.0")).grade is Grade.PASSED


@pytest.mark.parametrize(
    ("old", "new", "grade", "words", "todo"),
    [
        ("<dram_uncorrectable>0", "<dram_uncorrectable>3", Grade.FAILED, "3 uncorrectable ECC", "--gpu-reset -i 0"),
        ("<remapped_row_failure>No", "<remapped_row_failure>Yes", Grade.FAILED, "not be remapped", "replaced"),
        ("<sram_threshold_exceeded>No", "<sram_threshold_exceeded>Yes", Grade.FAILED, "SRAM", "replaced"),
        ("<unrepairable_memory>No", "<unrepairable_memory>Yes", Grade.FAILED, "not be remapped", "replaced"),
        ("<remapped_row_pending>No", "<remapped_row_pending>Yes", Grade.WARNED, "at the next reset", "drain it"),
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
def test_a_gpu_with_one_thing_wrong(*, see: See, old: str, new: str, grade: Grade, words: str, todo: str) -> None:
    finding = gpus.health(see((old, new)))
    assert told(finding) == ("gpus", grade)
    assert finding.detail.startswith("GPU 0: ")
    assert words in finding.detail
    assert todo in finding.todo


def test_errors_of_its_lifetime_do_not_condemn_a_gpu(see: See) -> None:
    text = see().sections["report"]
    before, _, aggregate = text.partition("<aggregate>")
    found = gpus.health(see(report=f"{before}<aggregate>{aggregate.replace('uncorrectable>0', 'uncorrectable>7')}"))
    assert found.grade is Grade.PASSED


def test_xids_of_a_program_warn_and_those_of_a_gpu_fail(see: See) -> None:
    line = "[ 12.5] NVRM: Xid (PCI:0000:19:00): {}, pid=4711, name=python, Ch 00000008"
    program = gpus.xids(see(xids="\n".join([line.format(31)] * 3)))
    assert told(program) == ("xids", Grade.WARNED)
    assert "GPU at 0000:19:00: Xid 31, 3 times" in program.detail
    card = gpus.xids(see(xids="\n".join([line.format(31), line.format(79), line.format(999)])))
    assert card.grade is Grade.FAILED
    assert card.detail.startswith("GPU at 0000:19:00: Xid 79, 1 times: it fell off the bus")
    assert "Xid 999, 1 times: not in raydock's table" in card.detail
    unreadable = gpus.xids(see(xids="unreadable"))
    assert told(unreadable) == ("xids", Grade.SKIPPED)


def test_an_engine_too_old_for_cdi(see: See) -> None:
    finding = engine.engine(see(info={"ServerVersion": "24.0.7"}))
    assert told(finding) == ("engine", Grade.WARNED)


@pytest.mark.parametrize(
    ("info", "grade"),
    [
        ({"Driver": "overlayfs", "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}, Grade.PASSED),
        ({"Driver": "vfs", "DriverStatus": []}, Grade.FAILED),
        ({"Driver": "fuse-overlayfs", "DriverStatus": []}, Grade.WARNED),
        ({"DriverStatus": [["Backing Filesystem", "xfs"], ["Supports d_type", "false"]]}, Grade.FAILED),
    ],
)
def test_storage_drivers(see: See, info: dict[str, object], grade: Grade) -> None:
    assert engine.storage(see(info=info)).grade is grade


@pytest.mark.parametrize(("free", "grade"), [(9, Grade.FAILED), (12, Grade.WARNED), (21, Grade.PASSED)])
def test_room_for_our_largest_image(see: See, free: int, grade: Grade) -> None:
    line = f"/dev/vda 100000000 1 {free * 10**9 // 1024} 1% /var/lib/docker"
    assert engine.disk(see(disk=line)).grade is grade
    assert engine.disk(see(disk="")).grade is Grade.SKIPPED


def test_limits(see: See) -> None:
    assert machine.ulimits(see()).detail.endswith("too few open files for Ray's workers")
    enough = "of dockerd\nMax processes  unlimited unlimited processes\nMax open files 1048576 1048576 files"
    assert machine.ulimits(see(limits=enough)).grade is Grade.PASSED
    assert machine.ulimits(see(limits="")).grade is Grade.SKIPPED


def test_shared_memory(see: See) -> None:
    assert machine.shm(see(shm="shm 65536 0 65536 0% /dev/shm")).grade is Grade.WARNED
    assert machine.shm(see()).grade is Grade.PASSED


@pytest.mark.parametrize(
    ("clock", "asked", "answered", "grade", "words"),
    [
        ("yes", 99.9, 102.3, Grade.PASSED, "agrees with this machine's"),
        ("no", 99.9, 102.3, Grade.WARNED, "not synchronized"),
        ("", 99.9, 102.3, Grade.PASSED, "not known"),
        ("yes", 94.0, 97.0, Grade.WARNED, "5.0 s ahead"),
        ("yes", 109.0, 111.5, Grade.WARNED, "9.0 s behind"),
        ("yes", 500.0, 502.5, Grade.FAILED, "400.0 s behind"),
    ],
)
def test_clocks(*, see: See, clock: str, asked: float, answered: float, grade: Grade, words: str) -> None:
    found = machine.clock(see(clock=clock, began="100.0", ended="102.0", between=(asked, answered)))
    assert found.grade is grade, found
    assert words in found.detail


def test_ports_in_use_are_named_with_who_needs_them(see: See) -> None:
    taken = network.ports(see(listening="00000000:18EB\n00000000000000000000000000000000:2049\n0100007F:1F90"))
    assert told(taken) == ("ports", Grade.WARNED)
    assert taken.detail == "in use: 6379 (Ray's head), 8080 (metrics), 8265 (the dashboard)"


def test_packets_that_the_card_cannot_carry(see: See) -> None:
    assert network.mtu(see()).detail == "eth0 1400, containers' bridge 1500: large packets of containers are lost"
    assert network.mtu(see(bridge_mtu=1400)).grade is Grade.PASSED
    assert network.mtu(see(route="")).grade is Grade.SKIPPED


def test_the_registry_and_names(see: See) -> None:
    assert network.registry(see()).grade is Grade.PASSED
    refused = network.registry(see(registry_trouble="connection refused"))
    assert refused.detail == "reg.example:5000/raydock cannot be asked from there: connection refused"
    assert network.dns(see(names="gpu1 10.0.0.1\nreg.example ")).detail == "reg.example has no address there"
    assert "its own name" in network.dns(see(names="gpu1 \nlocalhost 127.0.0.1")).detail
    assert network.dns(see(names="gpu1 10.0.0.1\n10.0.0.9 ")).grade is Grade.PASSED


def test_an_engine_without_limits_warns(see: See) -> None:
    # As a rootless Docker 26.1.5 on a host with cgroup v1 answers.
    info = {"MemoryLimit": False, "CpuCfsQuota": False, "CgroupDriver": "none", "SecurityOptions": ["name=rootless"]}
    found = engine.engine(see(info=info))
    assert told(found) == ("engine", Grade.WARNED)
    assert ", rootless" in found.detail
    assert "it enforces no limits of memory and CPU (cgroup driver none)" in found.detail
    assert "cgroup v2" in found.todo


UP = "mlx5_0:1 InfiniBand 4: ACTIVE"
VERBS = "/dev/infiniband/uverbs0"


@pytest.mark.parametrize(
    ("ports", "verbs", "nccl", "grade", "words"),
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
def test_infiniband_and_what_the_nodes_reported(
    *, see: See, ports: str, verbs: str, nccl: dict[str, str], grade: Grade, words: str
) -> None:
    seen = see(infiniband=ports, verbs=verbs)
    assert isinstance(seen.engine, Engine)
    finding = network.infiniband(replace(seen, engine=replace(seen.engine, nccl=nccl)))
    assert told(finding) == ("infiniband", grade)
    assert words in finding.detail
    assert bool(finding.todo) == (grade is Grade.WARNED)
