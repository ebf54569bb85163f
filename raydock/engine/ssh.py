"""ssh with the user's client: scripts on a host, and its engine's socket.

The Docker SDK's ssh needs paramiko even if it calls the client, starts a process for each connection, and loses the
output of that process. A forwarded socket needs neither, nor a docker command on the host.
"""

import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from raydock.core.errors import HostError, OutOfReachError
from raydock.core.processes import Processes
from raydock.engine.host import Host

CONNECT_SECONDS = 10
# ssh must not ask questions, and fails one minute after a host stops answering.
_OPTIONS = (
    *("-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_SECONDS}"),
    *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"),
)
# The exit status of ssh's own failure, as opposed to the remote command's.
_SSH_FAILED = 255
_NOISE = re.compile(r"^(debug\d|Warning: Permanently added|\*\*)")
_FIND_SOCKET = Path(__file__).with_name("find_socket.sh").read_text(encoding="utf-8")


def command(host: Host, *options: str) -> list[str]:
    """The ssh command line for a host, without the command to run there."""
    return ["ssh", *_OPTIONS, *options, *_destination(host)]


def _destination(host: Host) -> list[str]:
    parts = urlsplit(host.address)
    port = ["-p", str(parts.port)] if parts.port else []
    user = ["-l", unquote(parts.username)] if parts.username else []
    return [*port, *user, "--", str(parts.hostname)]


def run_script(host: Host, script: str, seconds: float, processes: Processes) -> str:
    """Run a script with sh on a host, and return its stdout.

    Raises OutOfReachError if ssh fails or the script does not end within `seconds`.
    """
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
    """Forward the socket of a host's engine to this machine, within the block.

    Raises OutOfReachError if ssh fails, HostError if the user has no permission for the engine.
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
    """The path of a host's socket that the user can write."""
    fields = run_script(host, _FIND_SOCKET, CONNECT_SECONDS, processes).split()
    answers = dict(zip(fields[::2], fields[1::2], strict=False))
    if "open" in answers:
        return answers["open"]
    if "closed" in answers:
        raise HostError(
            f"{host.name}: this user cannot use the engine's socket {answers['closed']}.",
            todo="there, run `sudo usermod -aG docker $USER`, or use a permitted user: `--host ssh://USER@HOST`.",
        )
    raise OutOfReachError(
        f"{host.name}: no Docker engine has a socket there (DOCKER_HOST, /var/run/docker.sock, rootless).",
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


def _last(text: str) -> str:
    """The last line of ssh's output without its remarks."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not _NOISE.match(line)]
    return f"ssh says {lines[-1]!r}" if lines else "ssh says nothing"


def _out_of_reach(host: Host, why: str) -> OutOfReachError:
    by_hand = shlex.join(["ssh", *_destination(host)])
    return OutOfReachError(
        f"{host.name} is out of reach: {why}.",
        meaning="Nothing was run on it.",
        todo=f"make `{by_hand} true` work without questions: check the name, its host key, your key and its sshd.",
    )
