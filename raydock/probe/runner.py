"""Runs a check in a process of its own: a hang, a crash or a leftover of one check cannot touch the next."""

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Callable, List, NoReturn, Optional, Tuple, Union

from . import outputs
from .answer import FAILED, PASSED, SKIPPED, CheckError, ProbeAnswer, ProbeFinding, SkipError

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_KILL_SECONDS = 10.0

Asked = Callable[[], Union[str, ProbeFinding]]


def ask(check_id: str, question: Asked, limit: float) -> ProbeAnswer:
    """The answer to a question, asked in a new process that has `limit` seconds; none of its descendants survives.

    What it and its programs print is kept in files if it fails, and its detail names their folder.
    """
    started = time.monotonic()
    reader, writer = os.pipe()
    folder = outputs.make(check_id)
    log = folder / "check.log"
    with log.open("wb") as output:
        child = os.fork()
        if child == 0:
            os.close(reader)
            outputs.use(folder)
            _reply(question, writer, output.fileno())
    os.close(writer)
    try:
        said, in_time = _read_line(reader, started + limit)
        seconds = time.monotonic() - started
    finally:
        os.close(reader)
        wait_status = end(child)
    status, finding = said or (FAILED, ProbeFinding(_silence(in_time, limit, wait_status) + _last_line(folder)))
    if status != FAILED:
        outputs.remove(folder)
        return ProbeAnswer(check_id, status, finding.detail, round(seconds, 3), finding.warnings)
    return ProbeAnswer(check_id, status, finding.detail + outputs.keep(folder), round(seconds, 3), finding.warnings)


def descendants(root: int) -> List[int]:
    """The live processes that descend from `root`, nearest first; a zombie is not alive."""
    children = {}  # type: dict[int, list[int]]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
                if state not in "ZX":
                    children.setdefault(int(parent), []).append(int(entry.name))
    found = list(children.get(root, []))
    for pid in found:
        found += children.get(pid, [])
    return found


def end(child: int) -> int:
    """Kills a child of this process and all that descends from it, and returns the child's wait status."""
    deadline = time.monotonic() + _KILL_SECONDS
    while (family := descendants(child)) and time.monotonic() < deadline:
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _reply(question: Asked, writer: int, output: int) -> NoReturn:
    """In the child: answers on `writer`, then waits to be killed with whatever it has started."""
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        Path("/proc/self/oom_score_adj").write_text("1000")  # where memory runs out, a check dies and the probe lives
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout = sys.stderr = os.fdopen(os.dup(output), "w", buffering=1)
        status, finding = _answer(question)
        line = json.dumps([status, finding.detail, finding.warnings]) + "\n"
        with os.fdopen(writer, "w", encoding="utf-8") as file:
            file.write(line)
        while True:
            signal.pause()
    finally:
        os._exit(1)


def _answer(question: Asked) -> Tuple[str, ProbeFinding]:
    try:
        found = question()
        return PASSED, found if isinstance(found, ProbeFinding) else ProbeFinding(found)
    except SkipError as reason:
        return SKIPPED, ProbeFinding(str(reason))
    except CheckError as reason:
        return FAILED, ProbeFinding(str(reason))
    except BaseException as error:  # a check's own fault is an answer too
        return FAILED, ProbeFinding(f"{type(error).__name__}: {error}")


def _read_line(reader: int, deadline: float) -> Tuple[Optional[Tuple[str, ProbeFinding]], bool]:
    """What the child wrote, or None; and whether it ended before the deadline."""
    text = b""
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None, False
        chunk = os.read(reader, 65536)
        if not chunk:
            return None, True
        text += chunk
    status, detail, warnings = json.loads(text)
    return (status, ProbeFinding(detail, tuple(warnings))), True


def _silence(in_time: bool, limit: float, wait_status: int) -> str:
    if not in_time:
        return f"no answer within {limit:g} s"
    if not os.WIFSIGNALED(wait_status):
        return f"the check ended with exit status {os.WEXITSTATUS(wait_status)} and no answer"
    name = signal.Signals(os.WTERMSIG(wait_status)).name
    return f"the check was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")


def _last_line(folder: Path) -> str:
    """The last line of the file to which the check or one of its programs wrote last."""
    files = [file for file in folder.iterdir() if file.is_file() and file.stat().st_size]
    if not files:
        return ""
    newest = max(files, key=lambda file: file.stat().st_mtime_ns)
    return f"; {newest.name} ends: {outputs.end(newest, 1)}"
