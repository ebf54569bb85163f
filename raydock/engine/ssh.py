"""ssh, by the user's own client and configuration: a script's answer from a host, and its engine's socket here.

The Docker SDK's own ssh needs paramiko even where it calls the client, starts a process for each connection, and loses
what that process says. A forwarded socket needs neither, nor a docker command on the host.
"""

import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from raydock.core.errors import HostError, OutOfReachError
from raydock.core.processes import Processes
from raydock.engine.host import Host

CONNECT_SECONDS = 10
# Nobody answers a question here; a host that has gone is given up after a minute.
_OPTIONS = (
    *("-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_SECONDS}"),
    *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"),
)
# ssh's own failure, as opposed to the remote command's.
_SSH_FAILED = 255
_NOISE = re.compile(r"^(debug\d|Warning: Permanently added|\*\*)")
_FIND_SOCKET = """
for socket in "${DOCKER_HOST#unix://}" /var/run/docker.sock "/run/user/$(id -u)/docker.sock"; do
    [ -S "$socket" ] || continue
    [ -w "$socket" ] && { echo "open $socket"; exit; }
    echo "closed $socket"
done
"""


def command(host: Host, *options: str) -> list[str]:
    """The command line that reaches a host, to be followed by one word: what its shell is to run."""
    parts = urlsplit(host.address)
    port = ["-p", str(parts.port)] if parts.port else []
    user = ["-l", unquote(parts.username)] if parts.username else []
    return ["ssh", *_OPTIONS, *options, *port, *user, "--", str(parts.hostname)]


def ask(host: Host, script: str, seconds: float, processes: Processes) -> str:
    """What a script of sh prints on a host. Raises OutOfReachError where ssh does not get there or back in time."""
    line = [*command(host, "-T"), f"exec sh -c {shlex.quote(script)}"]
    try:
        done = processes.run(line, timeout=CONNECT_SECONDS + seconds)
    except subprocess.TimeoutExpired:
        raise _out_of_reach(host, f"no answer within {CONNECT_SECONDS + seconds:g} s") from None
    except OSError as error:
        raise _out_of_reach(host, f"ssh cannot be run: {error.strerror}") from None
    if done.returncode == _SSH_FAILED:
        raise _out_of_reach(host, _last(done.stderr))
    return done.stdout


@contextmanager
def socket(host: Host, processes: Processes) -> Iterator[Path]:
    """A socket on this machine at which a host's engine answers, while the block runs.

    Raises OutOfReachError where ssh does not get there, HostError where the user may not use the engine.
    """
    remote = urlsplit(host.address).path.rstrip("/") or _find(host, processes)
    with ExitStack() as stack:
        # A socket's path has at most 107 bytes.
        local = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rd", dir="/tmp")), "docker.sock")
        options = ("-N", "-T", "-o", "ExitOnForwardFailure=yes", "-L", f"{local}:{remote}")
        try:
            tunnel = stack.enter_context(processes.started(command(host, *options)))
        except OSError as error:
            raise _out_of_reach(host, f"ssh cannot be run: {error.strerror}") from None
        _await(local, tunnel, host)
        yield local


def _find(host: Host, processes: Processes) -> str:
    said = ask(host, _FIND_SOCKET, CONNECT_SECONDS, processes).split()
    answers = dict(zip(said[::2], said[1::2], strict=False))
    if "open" in answers:
        return answers["open"]
    if "closed" in answers:
        raise HostError(
            f"{host.name}: this user may not use the engine's socket {answers['closed']}.",
            todo="there, `sudo usermod -aG docker $USER`, or name a user who may: `--host ssh://USER@HOST`.",
        )
    raise OutOfReachError(
        f"{host.name}: no Docker engine has a socket there.",
        todo="start it (`sudo systemctl start docker`), or name the socket: `--host ssh://USER@HOST/path/docker.sock`.",
    )


def _await(local: Path, tunnel: "subprocess.Popen[bytes]", host: Host) -> None:
    deadline = time.monotonic() + 2 * CONNECT_SECONDS
    while not local.exists():
        if tunnel.poll() is not None:
            raise _out_of_reach(host, _last(tunnel.communicate()[1].decode(errors="replace")))
        if time.monotonic() > deadline:
            raise _out_of_reach(host, f"no answer within {2 * CONNECT_SECONDS} s")
        time.sleep(0.02)


def _last(words: str) -> str:
    """The last line of what ssh said, its own remarks left out."""
    lines = [line.strip() for line in words.splitlines() if line.strip() and not _NOISE.match(line)]
    return f"ssh says {lines[-1]!r}" if lines else "ssh says nothing"


def _out_of_reach(host: Host, why: str) -> OutOfReachError:
    by_hand = shlex.join(_plain(command(host)))
    return OutOfReachError(
        f"{host.name} is out of reach: {why}.",
        meaning="Nothing was asked of it.",
        todo=f"fix `{by_hand} true` until it ends without a question: the name, its host key, your own key, its sshd.",
    )


def _plain(line: Sequence[str]) -> list[str]:
    return [line[0], *line[1 + len(_OPTIONS) :]]
