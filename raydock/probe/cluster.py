"""The check `ray`: a cluster of one node, from its start to its end.

Outside of a container of its own the head must not take ports that others use, so it gets free ones. raydock's smoke
test sets the variables HEAD and HEAD_PROBE, and the head is then KubeRay's.
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Tuple, TypeVar

from . import outputs, tokens
from .answer import CheckError
from .image import Image
from .ports import HOST, free_ports
from .process import Program, capture, launch
from .runner import descendants

# The variables with the command of a head that uses Ray's default ports, as JSON, and with a script for bash that
# succeeds if this head answers.
HEAD, HEAD_PROBE = "RAYDOCK_HEAD", "RAYDOCK_HEAD_PROBE"
# What the probe prints on its stderr when the head answers.
ANSWERS = "the Ray head answers"
DRIVER = Path(__file__).with_name("driver.py")
# The options of `ray start` that take a port.
_PORTS = ("port", "dashboard-port", "dashboard-agent-listen-port", "ray-client-server-port", "metrics-export-port")
_DEFAULT_PORTS = {"port": 6379, "dashboard-port": 8265}
_START_SECONDS = 60.0
_STATUS_SECONDS = 30.0
_STOP_SECONDS = 20.0
_PERIOD = 0.1
_PROBE_PERIOD = 0.25  # each try starts wget, while the head needs the CPU
_DECORATION = re.compile(r"\x1b\[\d*m|^[\d-]+ [\d:,]+\t\w+ \S+ -- ", re.MULTILINE)
_FAST_UPDATES = {"AUTOSCALER_UPDATE_INTERVAL_S": "1"}  # as in Ray's own test cluster; the default is 5 s
_T = TypeVar("_T")


class _NotYetError(Exception):
    """The head does not answer yet; the message has its last answer."""


@dataclass(frozen=True)
class _Head:
    """How to start a head, and where it answers.

    Attributes:
        command: its command.
        ports: its ports, by the name of the option of `ray start`.
        probe: a script for bash that succeeds if it answers.
    """

    command: Tuple[str, ...]
    ports: Dict[str, int]
    probe: str = "true"

    @property
    def address(self) -> str:
        return f"{HOST}:{self.ports['port']}"

    def url(self, path: str) -> str:
        """The address of a path of the dashboard."""
        return f"http://{HOST}:{self.ports['dashboard-port']}{path}"


def ray(image: Image) -> str:
    """Start a head that requires a token, run a task and an actor, and stop the head.

    `ray status` and the dashboard must answer, requests without the token must be refused, and no process may be left.
    A Ray without token authentication starts without it.
    """
    # A short name: Ray's sockets are in the folder, and a socket's path has at most 107 bytes.
    folder = tempfile.mkdtemp(prefix="rd", dir="/tmp")
    try:
        return _run(image, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(image: Image, folder: str) -> str:
    began = time.monotonic()
    head = _given_head() or _own_head(folder)
    token = secrets.token_hex(16) if tokens.supported(image.axes["ray"]) else ""
    environment = {**_environment(), **tokens.environment(token)}
    running = launch("head", head.command, {**environment, **_FAST_UPDATES})
    _await_answer(running, head.probe, environment)
    outputs.announce(ANSWERS)
    nodes_url = head.url("/api/v0/nodes")
    nodes = _await_head(running, lambda: _count_nodes(nodes_url, token), f"no live node at {nodes_url}")
    started = time.monotonic() - began
    closed = _check_closed(head.url("/api/jobs/"), token)
    program = launch("a task and an actor", [sys.executable, str(DRIVER), head.address], environment)
    _await_status(head.address, environment)
    version = program.answer()["version"]
    _stop(running.process)
    if version != image.axes["ray"]:
        raise CheckError(f"the cluster runs Ray {version}, but the image's name says {image.axes['ray']}")
    return (
        f"head up in {started:.1f} s, {nodes} node alive, task and actor ran, ray status and dashboard answer, stopped;"
        f" {closed}"
    )


def _given_head() -> "_Head | None":
    if HEAD not in os.environ:
        return None
    return _Head(tuple(json.loads(os.environ[HEAD])), _DEFAULT_PORTS, os.environ[HEAD_PROBE])


def _own_head(folder: str) -> _Head:
    ports = dict(zip(_PORTS, free_ports(len(_PORTS))))
    command = ["ray", "start", "--head", "--block", f"--temp-dir={folder}", f"--node-ip-address={HOST}", "--num-cpus=1"]
    command += ["--object-store-memory=100000000", "--disable-usage-stats"]
    return _Head((*command, *(f"--{option}={port}" for option, port in ports.items())), ports)


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


def _await_answer(head: Program, script: str, environment: Dict[str, str]) -> None:
    """Repeat a script until it succeeds."""
    probe = launch("probe of the head", ["bash", "-c", f"until {script}; do sleep {_PROBE_PERIOD}; done"], environment)

    def ask() -> int:
        if probe.process.poll() is None:
            raise _NotYetError(outputs.read_end(probe.output, 1))
        return probe.process.returncode

    if _await_head(head, ask, f"no Ray head answers `{script}`"):
        raise probe.error("cannot run")


def _await_head(head: Program, ask: Callable[[], _T], problem: str) -> _T:
    """Ask until there is an answer, and return it.

    Raises CheckError, with the problem, if the head ends or does not answer in time.
    """
    deadline = time.monotonic() + _START_SECONDS
    while head.process.poll() is None:
        try:
            return ask()
        except _NotYetError as error:
            if time.monotonic() > deadline:
                raise CheckError(f"{problem} within {_START_SECONDS:g} s; last answer: {error}") from None
        time.sleep(_PERIOD)
    raise CheckError(f"`ray start` ended with exit status {head.process.returncode}: {_tail(head.output)}")


def _count_nodes(url: str, token: str) -> int:
    """The number of live nodes that the dashboard shows."""
    try:
        rows = json.loads(_get(url, token))["data"]["result"]["result"]
        alive = [row for row in rows if row["state"] == "ALIVE"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _NotYetError(f"{type(error).__name__}: {error}") from None
    if not alive:
        raise _NotYetError(f"{len(rows)} nodes, none alive")
    return len(alive)


def _check_closed(url: str, token: str) -> str:
    """Check that a request without the token is refused. Returns what is so."""
    if not token:
        return "this Ray has no token authentication"
    try:
        _get(url, "")
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return "requests without the token are refused"
        raise
    raise CheckError(f"{url} answers without the token: anyone who reaches it can run programs on the cluster")


def _get(url: str, token: str) -> bytes:
    """Return an answer of the dashboard. Raises OSError if there is none, or it is an error."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with direct.open(urllib.request.Request(url, headers=headers), timeout=10) as response:
        return bytes(response.read())


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
