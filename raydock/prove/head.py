"""A Ray node in a container: whether it comes up, and what it said where it did not."""

import time

from docker.errors import APIError
from docker.models.containers import Container

STARTED = b"Ray runtime started."
ENDED = "it has ended"
# What `timeout` of coreutils exits with where it ended the command.
TIMED_OUT = 124
# What a command ends with that is killed together with its container.
_KILLED = 137


def ask(container: Container, script: str, seconds: float) -> tuple[int, str]:
    """Runs a script with `bash -c` in a running container; its exit status and all that it said.

    The status is TIMED_OUT where `seconds` went by. Raises APIError where the container has ended.
    """
    code, output = container.exec_run(["timeout", f"{seconds:g}", "bash", "-c", script])
    return int(code), output.decode("utf-8", "replace").strip()


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
        return f"{seconds:g} s went by" + (f", and it says: {said.splitlines()[-1]}" if said else "")
    return "" if code == 0 else f"the engine could not ask it ({said.splitlines()[-1] if said else code})"


def await_start(container: Container, seconds: float) -> str:
    """Waits until `ray start` says that Ray runs; returns what stood in its way, nothing where it does."""
    deadline = time.monotonic() + seconds
    while STARTED not in container.logs():
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
    lines = container.logs(tail=1).decode("utf-8", "replace").strip()
    ended = "" if state["Running"] else f"it ended with exit status {state['ExitCode']}; "
    return f"{ended}its last words: {lines or 'none'}"
