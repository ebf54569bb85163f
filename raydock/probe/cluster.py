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
from pathlib import Path
from typing import Dict, List

from .answer import CheckError
from .image import Image
from .ports import HOST, free_ports
from .process import Program, capture, launch
from .runner import descendants

DRIVER = Path(__file__).with_name("driver.py")
# The options of `ray start` that take a port.
_PORTS = ("port", "dashboard-port", "dashboard-agent-listen-port", "ray-client-server-port", "metrics-export-port")
_START_SECONDS = 60.0
_STATUS_SECONDS = 30.0
_STOP_SECONDS = 20.0
_PERIOD = 0.1
_DECORATION = re.compile(r"\x1b\[\d*m|^[\d-]+ [\d:,]+\t\w+ \S+ -- ", re.MULTILINE)
_FAST_UPDATES = {"AUTOSCALER_UPDATE_INTERVAL_S": "1"}  # as in Ray's own test cluster; the default is 5 s


def ray(image: Image) -> str:
    """Start a head, run a task and an actor, and stop the head.

    `ray status` and the dashboard must answer, and no process may be left.
    """
    # A short name: Ray's sockets are in the folder, and a socket's path has at most 107 bytes.
    folder = tempfile.mkdtemp(prefix="rd", dir="/tmp")
    try:
        return _run(image, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(image: Image, folder: str) -> str:
    began = time.monotonic()
    ports = dict(zip(_PORTS, free_ports(len(_PORTS))))
    address = f"{HOST}:{ports['port']}"
    environment = _environment()
    head = _start_head(folder, ports, environment)
    nodes = _await_nodes(head, f"http://{HOST}:{ports['dashboard-port']}/api/v0/nodes")
    started = time.monotonic() - began
    program = launch("a task and an actor", [sys.executable, str(DRIVER), address], environment)
    _await_status(address, environment)
    version = program.answer()["version"]
    _stop(head.process)
    if version != image.axes["ray"]:
        raise CheckError(f"the cluster runs Ray {version}, but the image's name says {image.axes['ray']}")
    return (
        f"head up in {started:.1f} s, {nodes} node alive, task and actor ran, ray status and dashboard answer, stopped"
    )


def _start_head(folder: str, ports: Dict[str, int], environment: Dict[str, str]) -> Program:
    command = ["ray", "start", "--head", "--block", f"--temp-dir={folder}", f"--node-ip-address={HOST}", "--num-cpus=1"]
    command += ["--object-store-memory=100000000", "--disable-usage-stats"]
    command += [f"--{option}={port}" for option, port in ports.items()]
    return launch("head", command, {**environment, **_FAST_UPDATES})


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop the head as Kubernetes does.

    `ray stop` would stop all other clusters of this machine too. Raises CheckError if a process is left.
    """
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


def _await_nodes(head: Program, url: str) -> int:
    """Wait until the dashboard shows a live node. Returns the number of live nodes."""
    deadline = time.monotonic() + _START_SECONDS
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    last = "nothing"
    while time.monotonic() < deadline:
        if head.process.poll() is not None:
            raise CheckError(f"`ray start` ended with exit status {head.process.returncode}: {_tail(head.output)}")
        try:
            with direct.open(url, timeout=10) as response:
                rows = json.load(response)["data"]["result"]["result"]
            alive = [row for row in rows if row["state"] == "ALIVE"]
            if alive:
                return len(alive)
            last = f"{len(rows)} nodes, none alive"
        except (OSError, ValueError, KeyError, TypeError) as error:
            last = f"{type(error).__name__}: {error}"
        time.sleep(_PERIOD)
    raise CheckError(f"no live node at the dashboard's /api/v0/nodes within {_START_SECONDS:g} s; last answer: {last}")


def _await_status(address: str, environment: Dict[str, str]) -> None:
    """Run `ray status` until the autoscaler has reported the nodes.

    That takes some seconds after the head's start.
    """
    deadline = time.monotonic() + _STATUS_SECONDS
    while "Node status" not in (text := capture("ray", "status", "--address", address, env=environment)):
        if time.monotonic() > deadline:
            raise CheckError(f"`ray status` shows no node within {_STATUS_SECONDS:g} s: {text[-200:]}")


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


def _tail(log: Path) -> str:
    """The last lines of the head's log, without colours and line prefixes."""
    text = _DECORATION.sub("", log.read_text(encoding="utf-8", errors="replace"))
    return " / ".join(line.strip() for line in text.strip().splitlines()[-3:]) or "no output"
