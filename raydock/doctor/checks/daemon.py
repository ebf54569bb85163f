"""Docker's settings, and the GPUs of containers after a reload or restart."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from raydock.doctor.facts import HostFacts
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned
from raydock.engine.client import is_rootless
from raydock.engine.gpu_access import RUNTIME, GpuAccess

# Docker reads CDI specifications by default from this release on (moby, release notes of 28.2.0).
_CDI_BY_DEFAULT = (28, 2)
_BUILT_IN = frozenset({"runc", "io.containerd.runc.v2"})
_TO_CDI = (
    "`nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml && nvidia-ctk runtime configure --runtime=docker"
    " --cdi.enabled && systemctl restart docker`"
)


def reload(facts: HostFacts) -> HostFinding:
    """`systemctl daemon-reload` takes no GPU from a container.

    Package updates run that command.

    Source: NVIDIA Container Toolkit, Troubleshooting, "Containers losing access to GPUs", and installation guide,
    rootless mode (no-cgroups); NVIDIA/nvidia-container-toolkit discussion 1133 (/dev/char), issues 48 and 1227. Read
    2026-11-29.
    """
    access, info = facts.require_gpu_access(), facts.require_engine().info
    systemd = info.get("CgroupDriver") == "systemd"
    hook = access.way is GpuAccess.RUNTIME
    if hook and not is_rootless(info) and "no-cgroups=true" in "".join(facts.lines("hook")).replace(" ", ""):
        message = "no-cgroups is on, which is for rootless Docker: containers see the GPUs but cannot open them"
        return failed(message, "`nvidia-ctk config --in-place --set nvidia-container-cli.no-cgroups=false`.")
    if hook and systemd:
        message = "runc does not know the GPUs that NVIDIA's hook adds: `systemctl daemon-reload` takes them away"
        cgroupfs = '`"exec-opts": ["native.cgroupdriver=cgroupfs"]` in daemon.json, then `systemctl restart docker`'
        return warned(message, f"use CDI: {_TO_CDI}; or {cgroupfs}. {_restart_note(info)}")
    unlinked = [line.split()[0] for line in facts.lines("devices") if line.split()[1] == "no"]
    if systemd and unlinked:
        message = f"/dev/char has no link to {', '.join(unlinked)}: with some releases of runc,"
        message += " `systemctl daemon-reload` takes the GPUs from containers"
        return warned(message, "`nvidia-ctk system create-dev-char-symlinks --create-all`, at each boot.")
    return passed(f"cgroup driver {info.get('CgroupDriver', 'unknown')}, {access.summary}")


def _restart_note(info: Mapping[str, Any]) -> str:
    if info.get("LiveRestoreEnabled"):
        return "Containers keep running while Docker restarts (live-restore)."
    return "Docker's restart stops every container: live-restore is off."


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """The settings of dockerd's next start.

    Attributes:
        command: dockerd's command line.
        path: the path of daemon.json.
        state: `file`, `absent` or `unreadable`.
        values: the content of daemon.json.
        error: why daemon.json is not valid; empty if it is valid.
    """

    command: str
    path: str
    state: str
    values: Mapping[str, Any]
    error: str = ""

    @property
    def configure(self) -> str:
        """The command that adds NVIDIA's runtime to daemon.json."""
        return f"nvidia-ctk runtime configure --runtime=docker --config={self.path}"

    @property
    def runtimes(self) -> frozenset[str]:
        """The runtimes after the next start."""
        from_command = re.findall(r"--add-runtime[= ]([\w.-]+)=", self.command)
        return _BUILT_IN | {*(self.values.get("runtimes") or {}), *from_command}


def _settings(text: str) -> _Settings:
    command, _, rest = text.partition("\n")
    head, _, body = rest.partition("\n")
    state, _, path = head.partition(" ")
    values: Any = {}
    message = ""
    try:
        values = json.loads(body) if body.strip() else {}
    except ValueError as error:
        message = str(error)
    if not isinstance(values, dict):
        values, message = {}, "it is not an object"
    return _Settings(command=command, path=path, state=state, values=values, error=message)


def daemon(facts: HostFacts) -> HostFinding:
    """Docker starts again with the current daemon.json, and provides GPUs as now.

    Source: Docker, dockerd, daemon configuration file. Read 2026-11-29.
    """
    info, text = facts.require_engine().info, facts.sections.get("daemon", "")
    if not text:
        return skipped("the arguments of the engine's dockerd cannot be read from here")
    settings = _settings(text)
    if settings.state == "unreadable":
        return skipped(f"this user cannot read {settings.path}", "run doctor as root.")
    problem = next(_problems(facts, info, settings), None)
    if problem:
        return failed(*problem)
    return passed(f"the next start uses the same settings as now, from {settings.path} ({settings.state})")


def _problems(facts: HostFacts, info: Mapping[str, Any], settings: _Settings) -> Iterator[tuple[str, str]]:
    """Yield the problems of Docker's next start, each with the preventing command."""
    path, values = settings.path, settings.values
    if settings.error:
        message = f"{path} is not valid JSON ({settings.error}): Docker does not start again"
        yield message, f"fix it until `dockerd --validate --config-file={path}` succeeds."
    default = values.get("default-runtime") or "runc"
    if default not in settings.runtimes:
        message = f"default-runtime of {path} is {default!r}, which it does not define: Docker does not start again"
        yield message, f"`{settings.configure}`, or remove default-runtime."
    if RUNTIME in {info.get("DefaultRuntime"), *(info.get("Runtimes") or {})} - settings.runtimes:
        message = f"Docker runs with the runtime {RUNTIME!r}, and {path} no longer defines it: the next start loses it"
        yield message, f"`{settings.configure}`."
    if program := _missing_program(facts, info):
        message = f"the runtime {RUNTIME!r} needs the program {program}, which this host does not have"
        yield message, f"install nvidia-container-toolkit, then `{settings.configure}`."
    if facts.gpu_access and facts.gpu_access.way is GpuAccess.CDI and not _reads_cdi(info, settings):
        message = f"Docker reads CDI specifications, and {path} no longer enables that: the next start loses the GPUs"
        yield message, f"`{settings.configure} --cdi.enabled`."


def _missing_program(facts: HostFacts, info: Mapping[str, Any]) -> str:
    """Return the program of NVIDIA's runtime if the host does not have it; else ""."""
    program = str(((info.get("Runtimes") or {}).get(RUNTIME) or {}).get("path") or "")
    known = program.rpartition("/")[2] in {"nvidia-container-runtime", "nvidia-container-runtime-hook"}
    installed = {line.rpartition("/")[2] for line in facts.lines("programs")}
    return program if known and "programs" in facts.sections and program.rpartition("/")[2] not in installed else ""


def _reads_cdi(info: Mapping[str, Any], settings: _Settings) -> bool:
    """Whether the engine reads CDI specifications after its next start."""
    if from_command := re.search(r"--feature[= ]cdi(?:=(\w+))?", settings.command):
        return from_command[1] != "false"
    stated = (settings.values.get("features") or {}).get("cdi")
    if stated is not None:
        return bool(stated)
    release = re.findall(r"\d+", str(info.get("ServerVersion")))[:2]
    return tuple(map(int, release)) >= _CDI_BY_DEFAULT
