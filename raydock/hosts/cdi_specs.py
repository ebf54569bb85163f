"""What of a host decides about its containers' devices: CDI specifications, which name GPUs, and InfiniBand."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raydock.core.processes import Processes
from raydock.engine import ssh
from raydock.engine.gpu_access import CDI_FOLDERS, INFINIBAND, read_specs
from raydock.engine.host import Host

# Prints every readable file of the folders in $cdi, each after a line with its path.
SCRIPT = Path(__file__).with_suffix(".sh").read_text(encoding="utf-8")

_FILE = re.compile(r"^##file (.+)\n", re.MULTILINE)
_SECONDS = 20.0


def of(host: Host, info: Mapping[str, Any], processes: Processes) -> dict[str, str] | None:
    """The specifications' texts by path, in the folders of an engine's `info`; None behind tcp://, which hides files.

    Raises OutOfReachError where ssh does not get there.
    """
    folders = tuple(info.get("CDISpecDirs") or CDI_FOLDERS)
    if host.scheme == "unix":
        return read_specs(folders)
    return parse(ssh.run_script(host, given(folders) + SCRIPT, _SECONDS, processes)) if host.scheme == "ssh" else None


def infiniband(host: Host, processes: Processes) -> bool:
    """Whether a host is known to have /dev/infiniband. Raises OutOfReachError if ssh does not reach it."""
    if host.scheme == "unix":
        return Path(INFINIBAND).is_dir()
    question = f"[ ! -d {INFINIBAND} ] || echo yes"
    return host.scheme == "ssh" and ssh.run_script(host, question, _SECONDS, processes).strip() == "yes"


def given(folders: tuple[str, ...]) -> str:
    """What SCRIPT needs in front of it."""
    return f"cdi={shlex.quote(' '.join(folders))}\n"


def parse(text: str) -> dict[str, str]:
    """The specifications that SCRIPT printed."""
    parts = _FILE.split(text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
