"""A Ray node in a container: its start, and its output if it does not."""

import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from docker import APIClient
from docker.errors import APIError, DockerException
from docker.models.containers import Container
from docker.types import CancellableStream
from requests import Response

from raydock.engine.streams import Tail, last_line, time_limit

STARTED = b"Ray runtime started."
ENDED = "it has ended"
# The exit status of `timeout` of coreutils if it ended the command.
TIMED_OUT = 124
# The exit status of a command that is killed together with its container.
_KILLED = 137
# Seconds that the image's `timeout` has to end a command before raydock stops waiting.
_GRACE = 5.0
# Each piece of a command's output begins with the number of its stream and its size.
# Source: https://docs.docker.com/reference/api/engine/version/v1.43/#tag/Container/operation/ContainerAttach
_HEADER = struct.Struct(">BxxxL")
_STDOUT, _STDERR = 1, 2
# The number of last lines of a container's log that are searched: Ray prints some 20 after STARTED.
_LINES = 10000


def run_script(container: Container, script: str, seconds: float) -> tuple[int, str]:
    """Run a script with `bash -c` in a running container.

    Returns its exit status and the end of its output.

    The status is TIMED_OUT if it does not end within `seconds`, even if the image's `timeout` or bash does not work.
    Raises APIError if the container has ended.
    """
    api = container.client.api
    execution = api.exec_create(container.id, ["timeout", f"{seconds:g}", "bash", "-c", script])["Id"]
    stream = _start(api, execution)
    tails = {_STDOUT: Tail(), _STDERR: Tail()}
    with time_limit(seconds + _GRACE, partial(_close, stream)):
        for number, data in stream:
            tails[number].add(data)
    code = api.exec_inspect(execution)["ExitCode"]
    return TIMED_OUT if code is None else int(code), f"{tails[_STDOUT].text}\n{tails[_STDERR].text}".strip()


def _start(api: APIClient, execution: str) -> CancellableStream:
    """Start an execution. Returns its output in pieces, each with _STDOUT or _STDERR.

    `exec_start` of the SDK upgrades the connection and reads it without the buffer in which the answer's header is. The
    output that arrives together with the header is in that buffer too, and is lost. Source: docker 7.2.0, 2026-11-30.
    """
    path = api._url("/exec/{0}/start", execution)
    response = api._post_json(path, data={"Tty": False, "Detach": False}, stream=True)
    api._disable_socket_timeout(api._get_raw_response_socket(response))
    return CancellableStream(_frames(response), response)


def _frames(response: Response) -> Iterator[tuple[int, bytes]]:
    while len(header := response.raw.read(_HEADER.size)) == _HEADER.size:
        number, size = _HEADER.unpack(header)
        yield number, response.raw.read(size)


def _close(stream: CancellableStream) -> None:
    with suppress(DockerException):  # over ssh it cannot be closed
        stream.close()


def await_answer(container: Container, probe: str, seconds: float) -> str:
    """Repeat a probe until it succeeds. Returns the problem; empty if it succeeded."""
    try:
        code, output = run_script(container, f"until {probe}; do sleep 0.1; done", seconds)
    except APIError:
        return ENDED
    if code == _KILLED:
        container.wait(timeout=10)
        return ENDED
    if code == TIMED_OUT:
        return f"not within {seconds:g} s" + (f"; its output ends: {last_line(output)}" if output else "")
    return "" if code == 0 else f"the engine could not run it ({last_line(output) or code})"


def await_start(container: Container, seconds: float) -> str:
    """Wait until `ray start` reports a running Ray.

    Returns the problem; empty if Ray runs.
    """
    deadline = time.monotonic() + seconds
    while STARTED not in container.logs(tail=_LINES):
        container.reload()
        if not container.attrs["State"]["Running"]:
            return ENDED
        if time.monotonic() > deadline:
            return f"not within {seconds:g} s"
        time.sleep(0.2)
    return ""


def describe_end(container: Container) -> str:
    """How a container ended, if it has, and the last line of its output."""
    container.reload()
    state = container.attrs["State"]
    line = last_line(container.logs(tail=20).decode("utf-8", "replace"))
    ended = "" if state["Running"] else f"it ended with exit status {state['ExitCode']}; "
    return f"{ended}its last line of output: {line or 'none'}"
