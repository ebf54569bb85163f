"""A host's files for devices of containers: CDI specifications and InfiniBand."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raydock.core.processes import Processes
from raydock.engine import ssh
from raydock.engine.cdi import CDI_FOLDERS, read_specs
from raydock.engine.gpu_access import INFINIBAND
from raydock.engine.host import Host

# Prints every readable file of the folders in $cdi, each after a line with its path.
SCRIPT = Path(__file__).with_suffix(".sh").read_text(encoding="utf-8")

_FILE = re.compile(r"^##file (.+)\n", re.MULTILINE)
_SECONDS = 20.0


def read(host: Host, info: Mapping[str, Any], processes: Processes) -> dict[str, str] | None:
    """Read the specifications of an engine's host; return their texts by path.

    Returns None if the engine is behind tcp://, since its files cannot be read. Raises OutOfReachError if ssh does not
    reach the host.
    """
    folders = tuple(info.get("CDISpecDirs") or CDI_FOLDERS)
    if host.scheme == "unix":
        return read_specs(folders)
    if host.scheme != "ssh":
        return None
    return parse(ssh.run_script(host, assign_folders(folders) + SCRIPT, _SECONDS, processes))


def has_infiniband(host: Host, processes: Processes) -> bool:
    """Whether a host is known to have /dev/infiniband.

    Raises OutOfReachError if ssh does not reach it.
    """
    if host.scheme == "unix":
        return Path(INFINIBAND).is_dir()
    script = f"[ ! -d {INFINIBAND} ] || echo yes"
    return host.scheme == "ssh" and ssh.run_script(host, script, _SECONDS, processes).strip() == "yes"


def assign_folders(folders: tuple[str, ...]) -> str:
    """Return the assignment of the folders' variable, which must precede SCRIPT."""
    return f"cdi={shlex.quote(' '.join(folders))}\n"


def parse(text: str) -> dict[str, str]:
    """Parse the output of SCRIPT; return the specifications' texts by path."""
    parts = _FILE.split(text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
