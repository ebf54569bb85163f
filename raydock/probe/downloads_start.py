"""Import vllm and read a model: `downloads_start.py FOLDER`.

The answer has the hosts that were looked up or connected to, and the number of files of flashinfer-cubin (null without
flashinfer).
"""

import contextlib
import importlib.util
import ipaddress
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any, Optional, Set, Tuple

HOSTS: Set[str] = set()


def watch(event: str, arguments: Tuple[Any, ...]) -> None:
    """Record the host of every look-up and connection, except this host."""
    if event == "socket.getaddrinfo":
        _note(arguments[0])
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
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


def main(folder: str) -> None:
    sys.addaudithook(watch)
    runpy.run_path(str(Path(__file__).with_name("gpu") / "tiny_model.py"))["make"](Path(folder))
    import triton  # type: ignore[import-not-found]  # noqa: F401
    from transformers import AutoConfig, AutoTokenizer  # type: ignore[import-not-found]
    from vllm.entrypoints import llm  # type: ignore[import-not-found]  # noqa: F401

    AutoConfig.from_pretrained(folder)
    AutoTokenizer.from_pretrained(folder)
    count, repository = cubins()
    answer = {"hosts": sorted(HOSTS), "cubins": count, "repository": repository}
    Path(os.environ["RAYDOCK_ANSWER"]).write_text(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
