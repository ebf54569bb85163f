"""Description of the machine on which a bench ran."""

import os
import platform
import subprocess
from pathlib import Path

import uv


def describe() -> dict[str, str]:
    """Return processor, cores, memory, system and the versions of the tools."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory / 2**30:.0f} GiB",
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
        "python": platform.python_version(),
        "docker": _output("docker", "version", "--format", "{{.Server.Version}}"),
        "buildx": _output("docker", "buildx", "version").split()[1],
        "storage": _output("docker", "info", "--format", "{{.Driver}}"),
        "uv": _output(uv.find_uv_bin(), "--version").split()[1],
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "- -"
