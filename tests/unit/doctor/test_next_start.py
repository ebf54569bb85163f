"""What works today and fails at the next start or reload: on what a real host said, with one thing changed."""

import json
from typing import Any

import pytest

from raydock.doctor.checks import cdi, daemon, driver, gpus
from raydock.doctor.finding import Grade, HostFinding
from tests.unit.doctor.conftest import See

RUNNING = "580.159.04"  # the recorded host's
ENABLED = "nvidia-cdi-refresh.path enabled\nnvidia-cdi-refresh.service enabled"
NOT_THERE = "nvidia-cdi-refresh.path \nnvidia-cdi-refresh.service "


def specification(path: str = "/etc/cdi/nvidia.yaml", version: str = RUNNING, form: str = "yaml") -> str:
    """A specification in the form that `nvidia-ctk cdi generate` writes, for one GPU."""
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


def told(finding: HostFinding, grade: Grade, words: str, todo: str) -> None:
    assert finding.grade is grade, finding
    assert words in finding.detail, finding
    assert todo in finding.todo, finding


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("folder", ["/etc/cdi", "/var/run/cdi"])
@pytest.mark.parametrize("version", ["535.104.05", "580.95.05", "590.44.01"])
def test_a_specification_of_a_different_driver(*, see: See, form: str, folder: str, version: str) -> None:
    path = f"{folder}/nvidia.{form}"
    finding = gpus.path(see(cdi=specification(path, version, form)))
    told(finding, Grade.FAILED, f"{path} is of driver {version}, and {RUNNING} runs", f"--output={path}`")


def test_specifications_of_the_running_driver_and_without_a_version(see: See) -> None:
    assert gpus.path(see(cdi=specification())).grade is Grade.PASSED
    assert gpus.path(see()).grade is Grade.PASSED  # mounts a folder, whose name has no version
    assert gpus.path(see(cdi=specification(version="1.1"))).grade is Grade.PASSED  # as Tegra's libraries are named


def test_a_specification_that_another_one_replaces(see: See) -> None:
    """The last of the engine's folders counts: /var/run/cdi, which nvidia-cdi-refresh writes to."""
    old, new = specification(version="535.104.05"), specification("/var/run/cdi/nvidia.yaml")
    seen = see(cdi=old + new, missing="", units=ENABLED)
    assert gpus.path(seen).grade is Grade.PASSED
    told(cdi.cdi(seen), Grade.WARNED, "of driver 535.104.05", "`rm /etc/cdi/nvidia.yaml`")
    old, new = specification("/var/run/cdi/nvidia.yaml", "535.104.05"), specification()
    told(
        gpus.path(see(cdi=new + old)), Grade.FAILED, "/var/run/cdi/nvidia.yaml is of driver 535.104.05", "cdi generate"
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
def test_a_file_that_the_host_no_longer_has(see: See, missing: str, todo: str) -> None:
    finding = cdi.cdi(see(cdi=specification(), missing=f"{missing}\n/of/another/kind", units=ENABLED))
    told(finding, Grade.FAILED, f"names {missing}, which this host does not have: no container with a GPU starts", todo)


@pytest.mark.parametrize(
    ("path", "units", "grade", "words", "todo"),
    [
        ("/etc/cdi/nvidia.yaml", ENABLED, Grade.PASSED, "every file", ""),
        ("/var/run/cdi/nvidia.yaml", ENABLED, Grade.PASSED, "every file", ""),
        ("/var/run/cdi/nvidia.yaml", "", Grade.PASSED, "every file", ""),  # no systemd there
        ("/var/run/cdi/nvidia.yaml", NOT_THERE, Grade.FAILED, "lost at the next boot", "--output=/etc/cdi/nvidia.yaml"),
        (
            "/var/run/cdi/nvidia.yaml",
            ENABLED.replace("enabled", "disabled"),
            Grade.FAILED,
            "lost at the next boot",
            "systemctl enable --now nvidia-cdi-refresh.path",
        ),
        ("/etc/cdi/nvidia.yaml", NOT_THERE, Grade.WARNED, "nothing renews", "1.18 or newer"),
    ],
)
def test_the_next_boot(*, see: See, path: str, units: str, grade: Grade, words: str, todo: str) -> None:
    told(cdi.cdi(see(cdi=specification(path), missing="", units=units)), grade, words, todo)


def test_a_gpu_that_no_specification_names(see: See) -> None:
    two = "\n".join([f"{RUNNING}, 9.0, NVIDIA H100 80GB HBM3"] * 2)
    finding = cdi.cdi(see(cdi=specification(), missing="", units=ENABLED, gpus=two))
    told(finding, Grade.WARNED, "names 1 of 2 GPUs", "cdi generate")


def versions(loaded: str = RUNNING, module: str = RUNNING, library: str = RUNNING) -> str:
    return f"loaded {loaded}\nmodule {module}\nlibrary {library} /usr/lib/x86_64-linux-gnu/libcuda.so.{library}"


@pytest.mark.parametrize(
    ("files", "grade", "words", "todo"),
    [
        (versions(), Grade.PASSED, f"driver {RUNNING}", ""),
        (versions(module="590.44.01", library="590.44.01"), Grade.FAILED, "its libraries are 590.44.01", "`reboot`"),
        (versions(module="590.44.01"), Grade.FAILED, "after the next boot no GPU answers", "dkms autoinstall"),
        (f"loaded {RUNNING}\nmodule 590.44.01", Grade.WARNED, "the next boot changes the driver", "`reboot`"),
        (f"library {RUNNING} x", Grade.PASSED, RUNNING, ""),
    ],
)
def test_the_drivers_files(*, see: See, files: str, grade: Grade, words: str, todo: str) -> None:
    told(driver.files(see(driverfiles=files)), grade, words, todo)


def test_a_newer_kernel_without_the_driver(see: See) -> None:
    kernel = see().sections["kernel"].split()[1]
    finding = driver.files(see(driverfiles=versions(), kernels=f"{kernel} yes\n9.9.1-new no"))
    told(finding, Grade.FAILED, "the newest kernel 9.9.1-new has no nvidia module", "`dkms autoinstall -k 9.9.1-new`")
    for kernels in (f"{kernel} yes\n9.9.1-new yes", f"9.9.1-old no\n{kernel} yes", f"{kernel} no\n9.9.1-new no"):
        assert driver.files(see(driverfiles=versions(), kernels=kernels)).grade is Grade.PASSED


def test_persistence_mode(see: See) -> None:
    assert driver.persistence(see()).grade is Grade.PASSED
    off = driver.persistence(see(("<persistence_mode>Enabled", "<persistence_mode>Disabled")))
    told(off, Grade.WARNED, "persistence mode is off", "`systemctl enable --now nvidia-persistenced`")


ON = 'APT::Periodic::Unattended-Upgrade "1";\n'
PACKAGES = "package libnvidia-compute-580\npackage nvidia-driver-580\npackage unattended-upgrades\n"


@pytest.mark.parametrize(
    ("said", "grade", "words"),
    [
        (ON + PACKAGES, Grade.WARNED, "libnvidia-compute-580, nvidia-driver-580"),
        (ON.replace("1", "0") + PACKAGES, Grade.PASSED, "off"),
        (ON + PACKAGES.replace("package unattended-upgrades\n", ""), Grade.PASSED, "off"),
        (ON + PACKAGES + "held nvidia-driver-580\n", Grade.WARNED, "in use: libnvidia-compute-580"),
        (ON + PACKAGES + "held nvidia-driver-580\nheld libnvidia-compute-580\n", Grade.PASSED, "alone"),
        (ON + 'Unattended-Upgrade::Package-Blacklist:: "(lib)?nvidia-";\n' + PACKAGES, Grade.PASSED, "alone"),
        (ON + 'Unattended-Upgrade::Package-Blacklist:: "nvidia-(";\n' + PACKAGES, Grade.WARNED, "nvidia-driver-580"),
        (ON + "package unattended-upgrades\n", Grade.PASSED, "alone"),  # the driver is none of apt's
    ],
)
def test_unattended_upgrades(see: See, said: str, grade: Grade, words: str) -> None:
    told(driver.upgrades(see(upgrades=said)), grade, words, "apt-mark hold" if grade is Grade.WARNED else "")


HOOK = {"CDISpecDirs": [], "Runtimes": {"runc": {}, "nvidia": {"path": "nvidia-container-runtime"}}}


@pytest.mark.parametrize(
    ("info", "changed", "grade", "words", "todo"),
    [
        ({"CgroupDriver": "systemd"}, {}, Grade.PASSED, "cgroup driver systemd", ""),
        (HOOK | {"CgroupDriver": "cgroupfs"}, {}, Grade.PASSED, "cgroup driver cgroupfs", ""),
        (HOOK | {"CgroupDriver": "systemd"}, {}, Grade.WARNED, "takes them away", "live-restore is off"),
        (HOOK | {"CgroupDriver": "systemd", "LiveRestoreEnabled": True}, {}, Grade.WARNED, "away", "Containers go on"),
        (
            {"CgroupDriver": "systemd"},
            {"devices": "/dev/nvidia0 no /dev/char/195:0\n/dev/nvidiactl yes"},
            Grade.WARNED,
            "/dev/char has no link to /dev/nvidia0:",
            "create-dev-char-symlinks",
        ),
        ({"CgroupDriver": "cgroupfs"}, {"devices": "/dev/nvidia0 no /dev/char/195:0"}, Grade.PASSED, "cgroupfs", ""),
        (HOOK, {"hook": "no-cgroups = true"}, Grade.FAILED, "may not open them", "no-cgroups=false"),
        (HOOK | {"SecurityOptions": ["name=rootless"]}, {"hook": "no-cgroups = true"}, Grade.PASSED, "", ""),
        (HOOK, {"hook": "no-cgroups = false"}, Grade.PASSED, "", ""),
    ],
)
def test_a_reload_of_systemd(
    *, see: See, info: dict[str, Any], changed: dict[str, str], grade: Grade, words: str, todo: str
) -> None:
    if "Runtimes" in info:
        changed = changed | {"cdi": ""}
    told(daemon.reload(see(info=info, **changed)), grade, words, todo)


def settings(values: object, command: str = "/usr/bin/dockerd -H fd://") -> str:
    text = values if isinstance(values, str) else json.dumps(values)
    return f"command {command}\nfile /etc/docker/daemon.json\n{text}"


RUNTIMES = {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}
CDI = {"features": {"cdi": True}}
WITH_HOOK = HOOK | {"DefaultRuntime": "nvidia"}
PROGRAMS = "/usr/bin/nvidia-container-runtime\n/usr/bin/nvidia-ctk"


@pytest.mark.parametrize(
    ("said", "info", "words", "todo"),
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
    see: See, said: str, info: dict[str, Any], words: str, todo: str
) -> None:
    changed = {"cdi": "", "programs": PROGRAMS} if "Runtimes" in info else {}
    finding = daemon.daemon(see(info=info, daemon=said, **changed))
    told(finding, Grade.FAILED if words else Grade.PASSED, words, todo)


def test_a_runtime_whose_program_is_gone(see: See) -> None:
    finding = daemon.daemon(
        see(info=HOOK, cdi="", daemon=settings({"runtimes": RUNTIMES}), programs="/usr/bin/nvidia-ctk")
    )
    told(finding, Grade.FAILED, "is the program nvidia-container-runtime, which this host does not have", "install")


def test_settings_that_cannot_be_read(see: See) -> None:
    said = "command dockerd\nunreadable /etc/docker/daemon.json"
    assert daemon.daemon(see(daemon=said)).grade is Grade.SKIPPED
