"""Hosts that work now and fail at the next start or reload: the facts of a real host with one change."""

import json
from typing import Any

import pytest

from raydock.doctor.checks import cdi, daemon, driver, gpus, run_check
from raydock.doctor.finding import Grade, HostFinding
from tests.unit.doctor.conftest import Recorded

RUNNING = "580.159.04"  # the recorded host's
ENABLED = "nvidia-cdi-refresh.path enabled\nnvidia-cdi-refresh.service enabled"
NOT_INSTALLED = "nvidia-cdi-refresh.path \nnvidia-cdi-refresh.service "


def specification(path: str = "/etc/cdi/nvidia.yaml", version: str = RUNNING, form: str = "yaml") -> str:
    """Return a specification for one GPU in the form of `nvidia-ctk cdi generate`."""
    library = f"/usr/lib/x86_64-linux-gnu/libcuda.so.{version}"
    hook = {"hookName": "createContainer", "path": "/usr/bin/nvidia-cdi-hook", "args": ["nvidia-cdi-hook", "ldcache"]}
    socket = "/run/nvidia-persistenced/socket"
    document = {
        "cdiVersion": "0.5.0",
        "kind": "nvidia.com/gpu",
        "devices": [
            {"name": name, "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia0", "hostPath": "/dev/nvidia0"}]}}
            for name in ("0", "all")
        ],
        "containerEdits": {
            "deviceNodes": [{"path": "/dev/nvidiactl"}],
            "hooks": [hook],
            "mounts": [{"hostPath": file, "containerPath": file} for file in (library, socket)],
        },
    }
    if form == "json":
        return f"##file {path}\n{json.dumps(document)}\n"
    lines = [f"##file {path}", 'cdiVersion: "0.5.0"', "kind: nvidia.com/gpu", "devices:"]
    for name in ("0", "all"):
        lines += [
            f'- name: "{name}"',
            "  containerEdits: {deviceNodes: [{path: /dev/nvidia0, hostPath: /dev/nvidia0}]}",
        ]
    lines += ["containerEdits:", "  deviceNodes:", "  - path: /dev/nvidiactl", "  hooks:"]
    lines += ["  - hookName: createContainer", "    path: /usr/bin/nvidia-cdi-hook", "  mounts:"]
    lines += [f"  - {{hostPath: {file}, containerPath: {file}}}" for file in (library, socket)]
    return "\n".join(lines) + "\n"


def assert_finding(finding: HostFinding, grade: Grade, message: str, todo: str) -> None:
    assert finding.grade is grade, finding
    assert message in finding.detail, finding
    assert todo in finding.todo, finding


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("folder", ["/etc/cdi", "/var/run/cdi"])
@pytest.mark.parametrize("version", ["535.104.05", "580.95.05", "590.44.01"])
def test_a_specification_of_a_different_driver(*, recorded: Recorded, form: str, folder: str, version: str) -> None:
    path = f"{folder}/nvidia.{form}"
    finding = run_check(gpus.path, recorded(cdi=specification(path, version, form)))
    assert_finding(finding, Grade.FAILED, f"{path} is for driver {version}, but {RUNNING} runs", f"--output={path}`")


@pytest.mark.parametrize(
    "edit",
    [
        "  mounts: [{hostPath: /lib/firmware/nvidia/535.104.05/gsp_ga10x.bin, containerPath: /x}]",
        "  mounts: [{hostPath: /lib/firmware/nvidia/535.104.05, containerPath: /x}]",
        "  hooks: [{hookName: createContainer, path: /x, args: [hook, create-symlinks, --link,"
        " 'libnvidia-allocator.so.535.104.05::/usr/lib/gbm/nvidia-drm_gbm.so']}]",
    ],
)
def test_the_driver_is_found_in_firmware_and_in_hooks(recorded: Recorded, edit: str) -> None:
    lines = ["##file /etc/cdi/nvidia.yaml", 'cdiVersion: "0.5.0"', "kind: nvidia.com/gpu", "devices:"]
    lines += ["- {name: all, containerEdits: {deviceNodes: [{path: /dev/nvidia0}]}}", "containerEdits:", edit, ""]
    finding = gpus.path(recorded(cdi="\n".join(lines)))
    assert_finding(finding, Grade.FAILED, f"is for driver 535.104.05, but {RUNNING} runs", "cdi generate")


def test_specifications_of_the_running_driver_and_without_a_version(recorded: Recorded) -> None:
    assert run_check(gpus.path, recorded(cdi=specification())).grade is Grade.PASSED
    assert run_check(gpus.path, recorded()).grade is Grade.PASSED  # mounts a folder, whose name has no version
    assert (
        run_check(gpus.path, recorded(cdi=specification(version="1.1"))).grade is Grade.PASSED
    )  # the form of the names of Tegra's libraries


def test_a_specification_with_a_lower_priority(recorded: Recorded) -> None:
    """The last of the engine's folders has priority: /var/run/cdi, which nvidia-cdi-refresh writes to."""
    old, new = specification(version="535.104.05"), specification("/var/run/cdi/nvidia.yaml")
    facts = recorded(cdi=old + new, missing="", units=ENABLED)
    assert run_check(gpus.path, facts).grade is Grade.PASSED
    assert_finding(run_check(cdi.cdi, facts), Grade.WARNED, "for driver 535.104.05", "`rm /etc/cdi/nvidia.yaml`")
    old, new = specification("/var/run/cdi/nvidia.yaml", "535.104.05"), specification()
    assert_finding(
        run_check(gpus.path, recorded(cdi=new + old)),
        Grade.FAILED,
        "/var/run/cdi/nvidia.yaml is for driver 535.104.05",
        "cdi generate",
    )


@pytest.mark.parametrize(
    ("missing", "todo"),
    [
        ("/run/nvidia-persistenced/socket", "`systemctl enable --now nvidia-persistenced`"),
        ("/usr/bin/nvidia-cdi-hook", "`nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`"),
        ("/dev/nvidia0", "`nvidia-modprobe -c 0 -u`"),
        (f"/usr/lib/x86_64-linux-gnu/libcuda.so.{RUNNING}", "cdi generate"),
    ],
)
def test_a_file_that_the_host_no_longer_has(recorded: Recorded, missing: str, todo: str) -> None:
    finding = run_check(
        cdi.cdi, recorded(cdi=specification(), missing=f"{missing}\n/of/a/different/kind", units=ENABLED)
    )
    assert_finding(
        finding, Grade.FAILED, f"lists {missing}, which this host does not have: no container with a GPU starts", todo
    )


@pytest.mark.parametrize(
    ("path", "units", "grade", "message", "todo"),
    [
        ("/etc/cdi/nvidia.yaml", ENABLED, Grade.PASSED, "every listed file", ""),
        ("/var/run/cdi/nvidia.yaml", ENABLED, Grade.PASSED, "every listed file", ""),
        ("/var/run/cdi/nvidia.yaml", "", Grade.PASSED, "every listed file", ""),  # no systemd on the host
        (
            "/var/run/cdi/nvidia.yaml",
            NOT_INSTALLED,
            Grade.FAILED,
            "lost at the next boot",
            "--output=/etc/cdi/nvidia.yaml",
        ),
        (
            "/var/run/cdi/nvidia.yaml",
            ENABLED.replace("enabled", "disabled"),
            Grade.FAILED,
            "lost at the next boot",
            "systemctl enable --now nvidia-cdi-refresh.path",
        ),
        ("/etc/cdi/nvidia.yaml", NOT_INSTALLED, Grade.WARNED, "no unit renews", "1.18 or newer"),
    ],
)
def test_the_next_boot(*, recorded: Recorded, path: str, units: str, grade: Grade, message: str, todo: str) -> None:
    assert_finding(run_check(cdi.cdi, recorded(cdi=specification(path), missing="", units=units)), grade, message, todo)


def test_a_gpu_that_no_specification_lists(recorded: Recorded) -> None:
    two = "\n".join([f"{RUNNING}, 9.0, NVIDIA H100 80GB HBM3"] * 2)
    finding = run_check(cdi.cdi, recorded(cdi=specification(), missing="", units=ENABLED, gpus=two))
    assert_finding(finding, Grade.WARNED, "lists 1 of 2 GPUs", "cdi generate")


def versions(loaded: str = RUNNING, module: str = RUNNING, library: str = RUNNING) -> str:
    return f"loaded {loaded}\nmodule {module}\nlibrary {library} /usr/lib/x86_64-linux-gnu/libcuda.so.{library}"


@pytest.mark.parametrize(
    ("files", "grade", "message", "todo"),
    [
        (versions(), Grade.PASSED, f"driver {RUNNING}", ""),
        (versions(module="590.44.01", library="590.44.01"), Grade.FAILED, "its libraries are 590.44.01", "`reboot`"),
        (versions(module="590.44.01"), Grade.FAILED, "no GPU answers after the next boot", "dkms autoinstall"),
        (f"loaded {RUNNING}\nmodule 590.44.01", Grade.WARNED, "the next boot changes the driver", "`reboot`"),
        (f"library {RUNNING} x", Grade.PASSED, RUNNING, ""),
    ],
)
def test_the_drivers_files(*, recorded: Recorded, files: str, grade: Grade, message: str, todo: str) -> None:
    assert_finding(run_check(driver.files, recorded(driverfiles=files)), grade, message, todo)


def test_a_newer_kernel_without_the_driver(recorded: Recorded) -> None:
    kernel = recorded().sections["kernel"].split()[1]
    finding = run_check(driver.files, recorded(driverfiles=versions(), kernels=f"{kernel} yes\n9.9.1-new no"))
    assert_finding(
        finding, Grade.FAILED, "the newest kernel 9.9.1-new has no nvidia module", "`dkms autoinstall -k 9.9.1-new`"
    )
    for kernels in (f"{kernel} yes\n9.9.1-new yes", f"9.9.1-old no\n{kernel} yes", f"{kernel} no\n9.9.1-new no"):
        assert run_check(driver.files, recorded(driverfiles=versions(), kernels=kernels)).grade is Grade.PASSED


def test_persistence_mode(recorded: Recorded) -> None:
    assert run_check(driver.persistence, recorded()).grade is Grade.PASSED
    off = run_check(driver.persistence, recorded(("<persistence_mode>Enabled", "<persistence_mode>Disabled")))
    assert_finding(off, Grade.WARNED, "persistence mode is off", "`systemctl enable --now nvidia-persistenced`")


ENABLED_UPGRADES = 'APT::Periodic::Unattended-Upgrade "1";\n'
PACKAGES = "package libnvidia-compute-580\npackage nvidia-driver-580\npackage unattended-upgrades\n"


@pytest.mark.parametrize(
    ("output", "grade", "message"),
    [
        (ENABLED_UPGRADES + PACKAGES, Grade.WARNED, "libnvidia-compute-580, nvidia-driver-580"),
        (ENABLED_UPGRADES.replace("1", "0") + PACKAGES, Grade.PASSED, "off"),
        (ENABLED_UPGRADES + PACKAGES.replace("package unattended-upgrades\n", ""), Grade.PASSED, "off"),
        (ENABLED_UPGRADES + PACKAGES + "held nvidia-driver-580\n", Grade.WARNED, "in use: libnvidia-compute-580"),
        (
            ENABLED_UPGRADES + PACKAGES + "held nvidia-driver-580\nheld libnvidia-compute-580\n",
            Grade.PASSED,
            "do not change",
        ),
        (
            ENABLED_UPGRADES + 'Unattended-Upgrade::Package-Blacklist:: "(lib)?nvidia-";\n' + PACKAGES,
            Grade.PASSED,
            "do not change",
        ),
        (
            ENABLED_UPGRADES + 'Unattended-Upgrade::Package-Blacklist:: "nvidia-(";\n' + PACKAGES,
            Grade.WARNED,
            "nvidia-driver-580",
        ),
        (
            ENABLED_UPGRADES + "package unattended-upgrades\n",
            Grade.PASSED,
            "do not change",
        ),  # apt did not install the driver
    ],
)
def test_unattended_upgrades(recorded: Recorded, output: str, grade: Grade, message: str) -> None:
    assert_finding(
        run_check(driver.upgrades, recorded(upgrades=output)),
        grade,
        message,
        "apt-mark hold" if grade is Grade.WARNED else "",
    )


HOOK = {"CDISpecDirs": [], "Runtimes": {"runc": {}, "nvidia": {"path": "nvidia-container-runtime"}}}


@pytest.mark.parametrize(
    ("info", "changed", "grade", "message", "todo"),
    [
        ({"CgroupDriver": "systemd"}, {}, Grade.PASSED, "cgroup driver systemd", ""),
        (HOOK | {"CgroupDriver": "cgroupfs"}, {}, Grade.PASSED, "cgroup driver cgroupfs", ""),
        (HOOK | {"CgroupDriver": "systemd"}, {}, Grade.WARNED, "takes them away", "live-restore is off"),
        (HOOK | {"CgroupDriver": "systemd", "LiveRestoreEnabled": True}, {}, Grade.WARNED, "away", "keep running"),
        (
            {"CgroupDriver": "systemd"},
            {"devices": "/dev/nvidia0 no /dev/char/195:0\n/dev/nvidiactl yes"},
            Grade.WARNED,
            "/dev/char has no link to /dev/nvidia0:",
            "create-dev-char-symlinks",
        ),
        ({"CgroupDriver": "cgroupfs"}, {"devices": "/dev/nvidia0 no /dev/char/195:0"}, Grade.PASSED, "cgroupfs", ""),
        (HOOK, {"hook": "no-cgroups = true"}, Grade.FAILED, "cannot open them", "no-cgroups=false"),
        (HOOK | {"SecurityOptions": ["name=rootless"]}, {"hook": "no-cgroups = true"}, Grade.PASSED, "", ""),
        (HOOK, {"hook": "no-cgroups = false"}, Grade.PASSED, "", ""),
    ],
)
def test_a_reload_of_systemd(
    *, recorded: Recorded, info: dict[str, Any], changed: dict[str, str], grade: Grade, message: str, todo: str
) -> None:
    if "Runtimes" in info:
        changed = changed | {"cdi": ""}
    assert_finding(run_check(daemon.reload, recorded(info=info, **changed)), grade, message, todo)


def settings(values: object, command: str = "/usr/bin/dockerd -H fd://") -> str:
    text = values if isinstance(values, str) else json.dumps(values)
    return f"command {command}\nfile /etc/docker/daemon.json\n{text}"


RUNTIMES = {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}
CDI = {"features": {"cdi": True}}
WITH_HOOK = HOOK | {"DefaultRuntime": "nvidia"}
PROGRAMS = "/usr/bin/nvidia-container-runtime\n/usr/bin/nvidia-ctk"


@pytest.mark.parametrize(
    ("output", "info", "message", "todo"),
    [
        (settings(CDI), {}, "", ""),
        (settings({}), {}, "no longer enables that", "--cdi.enabled"),
        ("command dockerd\nabsent /etc/docker/daemon.json", {}, "no longer enables that", "--cdi.enabled"),
        ("command dockerd\nabsent /etc/docker/daemon.json", {"ServerVersion": "28.2.0"}, "", ""),
        ("command dockerd\nabsent /etc/docker/daemon.json", {"ServerVersion": "29.0.1"}, "", ""),
        (
            settings({"features": {"cdi": False}}),
            {"ServerVersion": "29.0.1"},
            "no longer enables that",
            "--cdi.enabled",
        ),
        (settings({}, "dockerd --feature cdi=true"), {}, "", ""),
        (settings('{"features": }'), {}, "is not valid JSON", "dockerd --validate"),
        (settings("[]"), {}, "it is not an object", "dockerd --validate"),
        (settings(CDI | {"default-runtime": "nvidia"}), {}, "Docker does not start again", "runtime configure"),
        (settings(CDI | {"default-runtime": "nvidia", "runtimes": RUNTIMES}), {}, "", ""),
        (settings({"runtimes": RUNTIMES}), WITH_HOOK, "", ""),
        (settings({}), WITH_HOOK, "no longer defines it: the next start loses it", "runtime configure"),
        (settings({}), HOOK, "no longer defines it", "runtime configure"),
        (settings({}, "dockerd --add-runtime nvidia=/usr/bin/nvidia-container-runtime"), HOOK, "", ""),
    ],
)
def test_docker_starts_again_with_its_settings(
    recorded: Recorded, output: str, info: dict[str, Any], message: str, todo: str
) -> None:
    changed = {"cdi": "", "programs": PROGRAMS} if "Runtimes" in info else {}
    finding = run_check(daemon.daemon, recorded(info=info, daemon=output, **changed))
    assert_finding(finding, Grade.FAILED if message else Grade.PASSED, message, todo)


def test_a_runtime_whose_program_is_missing(recorded: Recorded) -> None:
    finding = run_check(
        daemon.daemon,
        recorded(info=HOOK, cdi="", daemon=settings({"runtimes": RUNTIMES}), programs="/usr/bin/nvidia-ctk"),
    )
    assert_finding(
        finding, Grade.FAILED, "needs the program nvidia-container-runtime, which this host does not have", "install"
    )


def test_settings_that_cannot_be_read(recorded: Recorded) -> None:
    output = "command dockerd\nunreadable /etc/docker/daemon.json"
    assert run_check(daemon.daemon, recorded(daemon=output)).grade is Grade.SKIPPED
