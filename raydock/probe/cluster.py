"""The check `ray`: a cluster of one node, from its start to its end."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List

from . import outputs
from .answer import CheckError
from .image import Image
from .ports import HOST, free_ports
from .process import finish, launch, start
from .runner import descendants

DRIVER = Path(__file__).with_name("driver.py")
_START_SECONDS = 60.0
_STATUS_SECONDS = 30.0
_STOP_SECONDS = 20.0
_PERIOD = 0.1
_DECORATION = re.compile(r"\x1b\[\d*m|^[\d-]+ [\d:,]+\t\w+ \S+ -- ", re.MULTILINE)
_FAST_UPDATES = {"AUTOSCALER_UPDATE_INTERVAL_S": "1"}  # as in Ray's own test cluster; the default is 5 s


@dataclass(frozen=True)
class Head:
    """A running head.

    Attributes:
        process: the process of `ray start`.
        address: HOST:PORT, for drivers.
        dashboard: the URL of its dashboard.
    """

    process: "subprocess.Popen[bytes]"
    address: str
    dashboard: str


def ray(image: Image) -> str:
    """Start a head, run a task and an actor, and stop the head.

    `ray status` and the dashboard must answer, and no process may be left.
    """
    with _folder() as folder:
        began = time.monotonic()
        with _head(folder) as head:
            nodes = _await_nodes(head)
            started = time.monotonic() - began
            environment = _environment()
            program = launch("a task and an actor", [sys.executable, str(DRIVER), head.address], environment)
            _await_status(head, environment)
            version = program.answer()["version"]
        if version != image.axes["ray"]:
            raise CheckError(f"the cluster runs Ray {version}, but the image's name says {image.axes['ray']}")
    return (
        f"head up in {started:.1f} s, {nodes} node alive, task and actor ran, ray status and dashboard answer, stopped"
    )


@contextmanager
def _folder() -> Iterator[Path]:
    """Create a temporary folder with a short name, and remove it afterwards.

    Ray's sockets are in it, and a socket's path has at most 107 bytes.
    """
    folder = Path(tempfile.mkdtemp(prefix="rd", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _head(folder: Path) -> Iterator[Head]:
    """Run a head on free ports, and stop it afterwards.

    `ray stop` would stop all other clusters of this machine too.
    """
    port, dashboard, agent, client, metrics = free_ports(5)
    command = [
        "ray",
        "start",
        "--head",
        "--block",
        f"--temp-dir={folder}",
        f"--node-ip-address={HOST}",
        f"--port={port}",
    ]
    command += [f"--dashboard-port={dashboard}", f"--dashboard-agent-listen-port={agent}", "--num-cpus=1"]
    command += [f"--ray-client-server-port={client}", f"--metrics-export-port={metrics}"]
    command += ["--object-store-memory=100000000", "--disable-usage-stats"]
    with outputs.path("head.log").open("wb") as output:
        process = subprocess.Popen(
            command, env={**_environment(), **_FAST_UPDATES}, stdout=output, stderr=subprocess.STDOUT
        )
    yield Head(process, f"{HOST}:{port}", f"http://{HOST}:{dashboard}")
    _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop the head as Kubernetes does. Raises CheckError if a process is left."""
    deadline = time.monotonic() + _STOP_SECONDS
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        raise CheckError(f"the head still runs {_STOP_SECONDS:g} s after SIGTERM") from None
    while left := descendants(os.getpid()):
        if time.monotonic() > deadline:
            raise CheckError("the head has stopped, but these processes still run: " + ", ".join(_names(left)))
        time.sleep(_PERIOD)


def _await_nodes(head: Head) -> int:
    """Wait until the dashboard shows a live node. Returns the number of live nodes."""
    deadline = time.monotonic() + _START_SECONDS
    last = "nothing"
    while time.monotonic() < deadline:
        if head.process.poll() is not None:
            raise CheckError(f"`ray start` ended with exit status {head.process.returncode}: {_tail()}")
        try:
            rows = _get(f"{head.dashboard}/api/v0/nodes")["data"]["result"]["result"]
            alive = [row for row in rows if row["state"] == "ALIVE"]
            if alive:
                return len(alive)
            last = f"{len(rows)} nodes, none alive"
        except (OSError, ValueError, KeyError, TypeError) as error:
            last = f"{type(error).__name__}: {error}"
        time.sleep(_PERIOD)
    raise CheckError(f"no live node at the dashboard's /api/v0/nodes within {_START_SECONDS:g} s; last answer: {last}")


def _await_status(head: Head, environment: Dict[str, str]) -> None:
    """Run `ray status` until the autoscaler has reported the nodes.

    That takes some seconds after the head's start.
    """
    command = ["ray", "status", "--address", head.address]
    deadline = time.monotonic() + _STATUS_SECONDS
    while "Node status" not in (text := finish(start(command, environment), " ".join(command))):
        if time.monotonic() > deadline:
            raise CheckError(f"`ray status` shows no node within {_STATUS_SECONDS:g} s: {text[-200:]}")


def _get(url: str) -> Dict[str, Any]:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(url, timeout=10) as response:
        document = json.load(response)
    return document if isinstance(document, dict) else {}


def _environment() -> Dict[str, str]:
    """This process's environment without variables that affect Ray.

    They could point Ray to a different cluster.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}


def _names(pids: List[int]) -> List[str]:
    names = []
    for pid in pids:
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
        except OSError:
            continue
        names.append(f"{pid} {' '.join(arguments)[:80]}".strip())
    return names


def _tail() -> str:
    """The last lines of the head's log, without colours and line prefixes."""
    text = _DECORATION.sub("", outputs.path("head.log").read_text(encoding="utf-8", errors="replace"))
    return " / ".join(line.strip() for line in text.strip().splitlines()[-3:]) or "no output"
