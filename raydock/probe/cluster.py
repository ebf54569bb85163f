"""The check `ray`: a whole cluster of one node, from its start to its end."""

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
_BRISK = {"AUTOSCALER_UPDATE_INTERVAL_S": "1"}  # as Ray's own test cluster has it; 5 s otherwise


@dataclass(frozen=True)
class Head:
    """A running head: its process, its address for drivers and its dashboard's."""

    process: "subprocess.Popen[bytes]"
    address: str
    dashboard: str


def ray(image: Image) -> str:
    """A head starts, a task and an actor run, `ray status` and the dashboard answer, the head stops and leaves none."""
    with _folder() as folder:
        began = time.monotonic()
        with _head(folder) as head:
            nodes = _nodes(head)
            started = time.monotonic() - began
            environment = _environment()
            driving = launch("a task and an actor", [sys.executable, str(DRIVER), head.address], environment)
            _await_status(head, environment)
            ran = driving.answer()
        if ran["version"] != image.axes["ray"]:
            raise CheckError(f"the cluster runs Ray {ran['version']}, the image is named for {image.axes['ray']}")
    return (
        f"head up in {started:.1f} s, {nodes} node alive, task and actor ran, ray status and dashboard answer, stopped"
    )


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder with a short name: Ray's sockets lie in it, and a socket's path has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="rd", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _head(folder: Path) -> Iterator[Head]:
    """A head of our own on free ports; other clusters on this machine are left alone, as `ray stop` would not do."""
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
        process = subprocess.Popen(command, env={**_environment(), **_BRISK}, stdout=output, stderr=subprocess.STDOUT)
    yield Head(process, f"{HOST}:{port}", f"http://{HOST}:{dashboard}")
    _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Ends the head as Kubernetes does. Raises CheckError where something outlives it."""
    deadline = time.monotonic() + _STOP_SECONDS
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        raise CheckError(f"the head is not down {_STOP_SECONDS:g} s after SIGTERM") from None
    while left := descendants(os.getpid()):
        if time.monotonic() > deadline:
            raise CheckError("the head is down, but these still run: " + ", ".join(_names(left)))
        time.sleep(_PERIOD)


def _nodes(head: Head) -> int:
    """Waits for the dashboard to show a node that is alive, and says how many are."""
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
    raise CheckError(f"no live node at the dashboard's /api/v0/nodes within {_START_SECONDS:g} s; last: {last}")


def _await_status(head: Head, environment: Dict[str, str]) -> None:
    """Asks `ray status` until the autoscaler has reported the nodes, some seconds after the head's start."""
    command = ["ray", "status", "--address", head.address]
    deadline = time.monotonic() + _STATUS_SECONDS
    while "Node status" not in (said := finish(start(command, environment), " ".join(command))):
        if time.monotonic() > deadline:
            raise CheckError(f"`ray status` shows no node within {_STATUS_SECONDS:g} s: {said[-200:]}")


def _get(url: str) -> Dict[str, Any]:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(url, timeout=10) as response:
        document = json.load(response)
    return document if isinstance(document, dict) else {}


def _environment() -> Dict[str, str]:
    """This environment without what points Ray to another cluster."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}


def _names(pids: List[int]) -> List[str]:
    names = []
    for pid in pids:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
        except OSError:
            continue
        names.append(f"{pid} {' '.join(words)[:80]}".strip())
    return names


def _tail() -> str:
    """The head's last words, without colours and without the time and place that begin each line."""
    text = _DECORATION.sub("", outputs.path("head.log").read_text(encoding="utf-8", errors="replace"))
    return " / ".join(line.strip() for line in text.strip().splitlines()[-3:]) or "no output"
