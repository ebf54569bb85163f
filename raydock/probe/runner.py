"""Run each check in its own process.

So a hang or a crash does not affect the next check.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Callable, List, NoReturn, Optional, Tuple, Union

from . import outputs
from .answer import FAILED, PASSED, SKIPPED, CheckError, ProbeAnswer, ProbeFinding, SkipError

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_KILL_SECONDS = 10.0

CheckFunction = Callable[[], Union[str, ProbeFinding]]
Reply = Tuple[str, str, Tuple[str, ...]]  # the status, the detail and the warnings of a check


def run_check(check_id: str, check: CheckFunction, limit: float) -> ProbeAnswer:
    """Run a check in a new process, which has `limit` seconds.

    All its descendants are killed afterwards.

    If it fails, the output of the check and of its programs is kept in files, and its detail names their folder.
    """
    started = time.monotonic()
    reader, writer = Pipe(duplex=False)
    folder = outputs.make_folder(check_id)
    with (folder / "check.log").open("wb") as output:
        child = os.fork()
        if child == 0:
            reader.close()
            outputs.use_folder(folder)
            _reply(check, writer, output.fileno())
    writer.close()
    try:
        in_time = reader.poll(limit)
        reply = _read_reply(reader) if in_time else None
        seconds = round(time.monotonic() - started, 3)
    finally:
        reader.close()
        wait_status = kill_family(child)
    status, detail, warnings = reply or (FAILED, _explain_silence(in_time, limit, wait_status) + _last_line(folder), ())
    if status == FAILED:
        detail += outputs.keep(folder)
    else:
        outputs.remove(folder)
    return ProbeAnswer(check_id, status, detail, seconds, warnings)


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


def _reply(check: CheckFunction, writer: Connection, output: int) -> NoReturn:
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
        writer.send_bytes(json.dumps(_run(check)).encode())
        while True:
            signal.pause()
    finally:
        os._exit(1)


def _run(check: CheckFunction) -> Reply:
    try:
        result = check()
    except SkipError as reason:
        return SKIPPED, str(reason), ()
    except CheckError as reason:
        return FAILED, str(reason), ()
    except BaseException as error:  # a bug of a check is a failure too
        return FAILED, f"{type(error).__name__}: {error}", ()
    return (PASSED, result.detail, result.warnings) if isinstance(result, ProbeFinding) else (PASSED, result, ())


def _read_reply(reader: Connection) -> Optional[Reply]:
    """The child's result; None if it ended without one."""
    try:
        status, detail, warnings = json.loads(reader.recv_bytes())
    except (EOFError, OSError):
        return None
    return status, detail, tuple(warnings)


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
