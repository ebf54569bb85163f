"""Import vllm, read a model, and configure vllm for it: `downloads_start.py FOLDER`.

The answer has the hosts that were looked up or connected to (`hosts`), and those of the configuration alone
(`configuration_hosts`); for which device vllm was configured (`device`), and why it was not (`error`, empty if it was);
whether vllm started one more process to inspect the model's class (`inspected`), because its cache had no entry for it;
and the number of files of flashinfer-cubin (null without flashinfer).
"""

import contextlib
import importlib.util
import ipaddress
import json
import os
import runpy
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, List, Optional, Set, Tuple

HOSTS: Set[str] = set()
INSPECTIONS: List[object] = []
# The module that vllm starts to inspect a class of a model.
_INSPECTOR = "vllm.model_executor.models.registry"


def watch(event: str, arguments: Tuple[Any, ...]) -> None:
    """Record the host of every look-up and connection, except this host, and inspections of model classes."""
    if event == "socket.getaddrinfo":
        _note(arguments[0])
    elif event == "subprocess.Popen" and _INSPECTOR in arguments[1]:
        INSPECTIONS.append(arguments[1])
    # A UDP socket sends nothing when it connects: vllm and Ray read their own address from one.
    elif event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[0].type == socket.SOCK_STREAM:
        _note(arguments[1][0])


def _note(host: object) -> None:
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    with contextlib.suppress(ValueError):
        if not ipaddress.ip_address(name).is_global:
            return
    if name not in {"localhost", os.uname().nodename}:
        HOSTS.add(name)


def cubins() -> Tuple[Optional[int], str]:
    """The number of files of flashinfer-cubin, and their download address.

    The number is None without flashinfer.
    """
    if importlib.util.find_spec("flashinfer") is None:
        return None, ""
    from flashinfer.jit import cubin_loader, env  # type: ignore[import-not-found]

    folder = Path(env.FLASHINFER_CUBIN_DIR)
    return sum(path.is_file() for path in folder.rglob("*")), cubin_loader.FLASHINFER_CUBINS_REPOSITORY


def select_device() -> str:
    """Return the device for which vllm configures itself: the CPU if it finds no GPU.

    Without a device, vllm would stop before it reads the model. Old releases always assume a GPU.
    """
    if importlib.util.find_spec("vllm.platforms") is None:
        return "cuda"
    from vllm import platforms  # type: ignore[import-not-found]

    if not platforms.current_platform.device_type:
        with contextlib.suppress(ImportError):
            from vllm.platforms.cpu import CpuPlatform  # type: ignore[import-not-found]

            platforms._current_platform = CpuPlatform()
    return platforms.current_platform.device_type or "unknown"


def configure(folder: str) -> str:
    """Build vllm's configuration for the model in a folder, as `vllm serve` does first.

    Returns the error on one line; empty if there is none.
    """
    try:
        from vllm.engine.arg_utils import EngineArgs  # type: ignore[import-not-found]

        arguments = EngineArgs(model=folder)
        # The second name is that of old releases.
        create = getattr(arguments, "create_engine_config", None) or arguments.create_engine_configs
        create()
    except Exception as error:  # whatever vllm raises without a GPU
        traceback.print_exc()
        return " ".join(f"{type(error).__name__}: {error}".split())
    return ""


def main(folder: str) -> None:
    sys.addaudithook(watch)
    runpy.run_path(str(Path(__file__).with_name("gpu") / "tiny_model.py"))["make"](Path(folder))
    import triton  # type: ignore[import-not-found]  # noqa: F401

    device = select_device()
    from transformers import AutoConfig, AutoTokenizer  # type: ignore[import-not-found]
    from vllm.entrypoints import llm  # type: ignore[import-not-found]  # noqa: F401

    AutoConfig.from_pretrained(folder)
    AutoTokenizer.from_pretrained(folder)
    before = set(HOSTS)
    HOSTS.clear()
    error = configure(folder)
    count, repository = cubins()
    answer = {
        "hosts": sorted(HOSTS | before),
        "configuration_hosts": sorted(HOSTS),
        "device": device,
        "error": error,
        "inspected": bool(INSPECTIONS),
        "cubins": count,
        "repository": repository,
    }
    Path(os.environ["RAYDOCK_ANSWER"]).write_text(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
