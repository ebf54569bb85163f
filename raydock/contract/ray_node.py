"""A Ray node in a container: whether it comes up, and what it said where it did not."""

import time
from contextlib import suppress
from functools import partial
from threading import Timer

from docker.errors import APIError, DockerException
from docker.models.containers import Container
from docker.types import CancellableStream

from raydock.engine.streams import Tail, last_line

STARTED = b"Ray runtime started."
ENDED = "it has ended"
# What `timeout` of coreutils exits with where it ended the command.
TIMED_OUT = 124
# What a command ends with that is killed together with its container.
_KILLED = 137
# Seconds that the image's `timeout` has to end a command before raydock stops waiting.
_GRACE = 5.0
# Of a container's log, these last lines are searched: Ray prints some 20 after STARTED.
_LINES = 10000


def ask(container: Container, script: str, seconds: float) -> tuple[int, str]:
    """Runs a script with `bash -c` in a running container; its exit status, and the end of what it printed.

    The status is TIMED_OUT if `seconds` went by, whatever the image's own `timeout` and bash do about it. Raises
    APIError if the container has ended.
    """
    api = container.client.api
    execution = api.exec_create(container.id, ["timeout", f"{seconds:g}", "bash", "-c", script])["Id"]
    stream = api.exec_start(execution, stream=True, demux=True)
    out, err = Tail(), Tail()
    timer = Timer(seconds + _GRACE, partial(_close, stream))
    timer.daemon = True
    timer.start()
    try:
        for more_out, more_err in stream:
            out.add(more_out or b"")
            err.add(more_err or b"")
    finally:
        timer.cancel()
    code = api.exec_inspect(execution)["ExitCode"]
    return TIMED_OUT if code is None else int(code), f"{out.text}\n{err.text}".strip()


def _close(stream: CancellableStream) -> None:
    with suppress(DockerException):  # over ssh it cannot be closed
        stream.close()


def await_answer(container: Container, probe: str, seconds: float) -> str:
    """Asks a probe until it succeeds; returns what stood in its way, nothing where it did."""
    try:
        code, said = ask(container, f"until {probe}; do sleep 0.1; done", seconds)
    except APIError:
        return ENDED
    if code == _KILLED:
        container.wait(timeout=10)
        return ENDED
    if code == TIMED_OUT:
        return f"{seconds:g} s went by" + (f", and it says: {last_line(said)}" if said else "")
    return "" if code == 0 else f"the engine could not ask it ({last_line(said) or code})"


def await_start(container: Container, seconds: float) -> str:
    """Waits until `ray start` says that Ray runs; returns what stood in its way, nothing where it does."""
    deadline = time.monotonic() + seconds
    while STARTED not in container.logs(tail=_LINES):
        container.reload()
        if not container.attrs["State"]["Running"]:
            return ENDED
        if time.monotonic() > deadline:
            return f"{seconds:g} s went by"
        time.sleep(0.2)
    return ""


def last_words(container: Container) -> str:
    """How a container ended, if it has, and the last line of what it said."""
    container.reload()
    state = container.attrs["State"]
    words = last_line(container.logs(tail=20).decode("utf-8", "replace"))
    ended = "" if state["Running"] else f"it ended with exit status {state['ExitCode']}; "
    return f"{ended}its last words: {words or 'none'}"
