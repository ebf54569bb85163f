"""Docker's settings: what a reload of systemd or the next start of Docker takes from containers."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from raydock.doctor.facts import Seen
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned
from raydock.engine.gpu_access import RUNTIME, GpuAccess

# From this one on Docker reads CDI specifications unless features.cdi is false (moby, release notes of 28.2.0).
_CDI_BY_DEFAULT = (28, 2)
_BUILT_IN = frozenset({"runc", "io.containerd.runc.v2"})
_TO_CDI = (
    "`nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml && nvidia-ctk runtime configure --runtime=docker"
    " --cdi.enabled && systemctl restart docker`"
)


def reload(seen: Seen) -> HostFinding:
    """`systemctl daemon-reload`, which updates of packages run, takes no GPU from a container.

    Source: NVIDIA Container Toolkit, Troubleshooting, "Containers losing access to GPUs", and installation guide,
    rootless mode (no-cgroups); NVIDIA/nvidia-container-toolkit discussion 1133 (/dev/char), issues 48 and 1227. Read
    2026-11-29.
    """
    if not seen.has_card or seen.info is None or seen.handout is None:
        return skipped("reload", "the engine does not answer" if seen.has_card else "this host has no NVIDIA GPU")
    systemd = seen.info.get("CgroupDriver") == "systemd"
    hook = seen.handout.way is GpuAccess.RUNTIME
    if hook and not _is_rootless(seen.info) and "no-cgroups=true" in "".join(seen.lines("hook")).replace(" ", ""):
        words = "no-cgroups is on, which is for rootless Docker: containers see the GPUs and may not open them"
        return failed("reload", words, "`nvidia-ctk config --in-place --set nvidia-container-cli.no-cgroups=false`.")
    if hook and systemd:
        words = "runc does not know of the GPUs that NVIDIA's hook adds: `systemctl daemon-reload` takes them away"
        other = '`"exec-opts": ["native.cgroupdriver=cgroupfs"]` in daemon.json, then `systemctl restart docker`'
        return warned("reload", words, f"use CDI: {_TO_CDI}; or {other}. {_at_restart(seen.info)}")
    unlinked = [line.split()[0] for line in seen.lines("devices") if line.split()[1] == "no"]
    if systemd and unlinked:
        words = f"/dev/char has no link to {', '.join(unlinked)}: with some releases of runc,"
        words += " `systemctl daemon-reload` takes the GPUs from containers"
        return warned("reload", words, "`nvidia-ctk system create-dev-char-symlinks --create-all`, at each boot.")
    return passed("reload", f"cgroup driver {seen.info.get('CgroupDriver', 'unknown')}, {seen.handout.summary}")


def _is_rootless(info: Mapping[str, Any]) -> bool:
    return any("rootless" in str(option) for option in info.get("SecurityOptions") or ())


def _at_restart(info: Mapping[str, Any]) -> str:
    if info.get("LiveRestoreEnabled"):
        return "Containers go on while Docker restarts (live-restore)."
    return "Docker's restart ends every container: live-restore is off."


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """dockerd's command line, and daemon.json as it is now; `trouble` if it is not valid."""

    command: str
    path: str
    state: str
    values: Mapping[str, Any]
    trouble: str = ""

    @property
    def configure(self) -> str:
        return f"nvidia-ctk runtime configure --runtime=docker --config={self.path}"

    @property
    def runtimes(self) -> frozenset[str]:
        """The runtimes that the next start will have."""
        of_command = re.findall(r"--add-runtime[= ]([\w.-]+)=", self.command)
        return _BUILT_IN | {*(self.values.get("runtimes") or {}), *of_command}


def _settings(text: str) -> _Settings:
    command, _, rest = text.partition("\n")
    head, _, body = rest.partition("\n")
    state, _, path = head.partition(" ")
    values: Any = {}
    trouble = ""
    try:
        values = json.loads(body) if body.strip() else {}
    except ValueError as error:
        trouble = str(error)
    if not isinstance(values, dict):
        values, trouble = {}, "it is not an object"
    return _Settings(command=command, path=path, state=state, values=values, trouble=trouble)


def daemon(seen: Seen) -> HostFinding:
    """Docker starts again with daemon.json as it is now, and hands out GPUs then as it does today.

    Source: Docker, dockerd, daemon configuration file. Read 2026-11-29.
    """
    text = seen.sections.get("daemon", "")
    if seen.info is None:
        return skipped("daemon", "the engine does not answer")
    if not text:
        return skipped("daemon", "the arguments of the engine's dockerd cannot be read from here")
    settings = _settings(text)
    if settings.state == "unreadable":
        return skipped("daemon", f"this user may not read {settings.path}", "ask as root.")
    fault = next(_faults(seen, seen.info, settings), None)
    if fault:
        return failed("daemon", *fault)
    return passed("daemon", f"the next start is as today's, by {settings.path} ({settings.state})")


def _faults(seen: Seen, info: Mapping[str, Any], settings: _Settings) -> Iterator[tuple[str, str]]:
    """What goes wrong at Docker's next start, and the command that prevents it."""
    path, values = settings.path, settings.values
    if settings.trouble:
        words = f"{path} is not valid JSON ({settings.trouble}): Docker does not start again"
        yield words, f"fix it until `dockerd --validate --config-file={path}` ends well."
    default = values.get("default-runtime") or "runc"
    if default not in settings.runtimes:
        words = f"default-runtime of {path} is {default!r}, which it does not define: Docker does not start again"
        yield words, f"`{settings.configure}`, or remove default-runtime."
    if RUNTIME in {info.get("DefaultRuntime"), *(info.get("Runtimes") or {})} - settings.runtimes:
        words = f"Docker runs with the runtime {RUNTIME!r}, and {path} no longer defines it: the next start loses it"
        yield words, f"`{settings.configure}`."
    if program := _lost_program(seen, info):
        words = f"the runtime {RUNTIME!r} is the program {program}, which this host does not have"
        yield words, f"install nvidia-container-toolkit, then `{settings.configure}`."
    if seen.handout and seen.handout.way is GpuAccess.CDI and not _reads_cdi(info, settings):
        words = f"Docker reads CDI specifications, and {path} no longer enables that: the next start loses the GPUs"
        yield words, f"`{settings.configure} --cdi.enabled`."


def _lost_program(seen: Seen, info: Mapping[str, Any]) -> str:
    """The program of NVIDIA's runtime, if the host does not have it."""
    program = str(((info.get("Runtimes") or {}).get(RUNTIME) or {}).get("path") or "")
    known = program.rpartition("/")[2] in {"nvidia-container-runtime", "nvidia-container-runtime-hook"}
    here = {line.rpartition("/")[2] for line in seen.lines("programs")}
    return program if known and "programs" in seen.sections and program.rpartition("/")[2] not in here else ""


def _reads_cdi(info: Mapping[str, Any], settings: _Settings) -> bool:
    """Whether the engine reads CDI specifications after its next start."""
    if of_command := re.search(r"--feature[= ]cdi(?:=(\w+))?", settings.command):
        return of_command[1] != "false"
    stated = (settings.values.get("features") or {}).get("cdi")
    if stated is not None:
        return bool(stated)
    release = re.findall(r"\d+", str(info.get("ServerVersion")))[:2]
    return tuple(map(int, release)) >= _CDI_BY_DEFAULT
