"""Run each check in its own process.

So a hang or a crash does not affect the next check.
"""

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

CheckFunction = Callable[[], Union[str, ProbeFinding]]


def run_check(check_id: str, check: CheckFunction, limit: float) -> ProbeAnswer:
    """Run a check in a new process, which has `limit` seconds.

    All its descendants are killed afterwards.

    If it fails, the output of the check and of its programs is kept in files, and its detail names their folder.
    """
    started = time.monotonic()
    reader, writer = os.pipe()
    folder = outputs.make_folder(check_id)
    log = folder / "check.log"
    with log.open("wb") as output:
        child = os.fork()
        if child == 0:
            os.close(reader)
            outputs.use_folder(folder)
            _reply(check, writer, output.fileno())
    os.close(writer)
    try:
        reply, in_time = _read_reply(reader, started + limit)
        seconds = time.monotonic() - started
    finally:
        os.close(reader)
        wait_status = kill_family(child)
    status, finding = reply or (
        FAILED,
        ProbeFinding(_explain_silence(in_time, limit, wait_status) + _last_line(folder)),
    )
    if status != FAILED:
        outputs.remove(folder)
        return ProbeAnswer(check_id, status, finding.detail, round(seconds, 3), finding.warnings)
    return ProbeAnswer(check_id, status, finding.detail + outputs.keep(folder), round(seconds, 3), finding.warnings)


def descendants(root: int) -> List[int]:
    """The live processes that descend from `root`, nearest first.

    A zombie is not alive.
    """
    children = {}  # type: dict[int, list[int]]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
                if state not in "ZX":
                    children.setdefault(int(parent), []).append(int(entry.name))
    family = list(children.get(root, []))
    for pid in family:
        family += children.get(pid, [])
    return family


def kill_family(child: int) -> int:
    """Kill a child of this process with all its descendants.

    Returns the child's wait status.
    """
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


def _reply(check: CheckFunction, writer: int, output: int) -> NoReturn:
    """In the child: run the check, write its result, and wait to be killed."""
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        Path("/proc/self/oom_score_adj").write_text("1000")  # without memory, the kernel kills the check, not the probe
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout = sys.stderr = os.fdopen(os.dup(output), "w", buffering=1)
        status, finding = _run(check)
        line = json.dumps([status, finding.detail, finding.warnings]) + "\n"
        with os.fdopen(writer, "w", encoding="utf-8") as file:
            file.write(line)
        while True:
            signal.pause()
    finally:
        os._exit(1)


def _run(check: CheckFunction) -> Tuple[str, ProbeFinding]:
    try:
        result = check()
        return PASSED, result if isinstance(result, ProbeFinding) else ProbeFinding(result)
    except SkipError as reason:
        return SKIPPED, ProbeFinding(str(reason))
    except CheckError as reason:
        return FAILED, ProbeFinding(str(reason))
    except BaseException as error:  # a bug of a check is a failure too
        return FAILED, ProbeFinding(f"{type(error).__name__}: {error}")


def _read_reply(reader: int, deadline: float) -> Tuple[Optional[Tuple[str, ProbeFinding]], bool]:
    """The child's result, or None; and whether it ended before the deadline."""
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


def _explain_silence(in_time: bool, limit: float, wait_status: int) -> str:
    """Why a check wrote no result."""
    if not in_time:
        return f"no answer within {limit:g} s"
    if not os.WIFSIGNALED(wait_status):
        return f"the check ended with exit status {os.WEXITSTATUS(wait_status)} and no answer"
    name = signal.Signals(os.WTERMSIG(wait_status)).name
    return f"the check was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")


def _last_line(folder: Path) -> str:
    """The last line of the file that the check or one of its programs changed last."""
    files = [file for file in folder.iterdir() if file.is_file() and file.stat().st_size]
    if not files:
        return ""
    newest = max(files, key=lambda file: file.stat().st_mtime_ns)
    return f"; {newest.name} ends: {outputs.read_end(newest, 1)}"
