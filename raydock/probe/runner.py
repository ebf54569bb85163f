"""Run checks in processes of their own.

So a hang or a crash does not affect the next check.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Callable, Iterator, List, Mapping, NoReturn, Optional, Sequence, Tuple, Union

from . import outputs
from .answer import FAILED, PASSED, SKIPPED, CheckError, ProbeAnswer, ProbeFinding, SkipError

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_KILL_SECONDS = 10.0

CheckFunction = Callable[[], Union[str, ProbeFinding]]
Reply = Tuple[str, str, Tuple[str, ...]]  # the status, the detail and the warnings of a check


@dataclass(frozen=True)
class Task:
    """A check that is to run.

    Attributes:
        id: the check's id.
        run: the function that runs it.
        limit: its time limit in seconds.
    """

    id: str
    run: CheckFunction
    limit: float


def run_checks(tasks: Sequence[Task]) -> Iterator[ProbeAnswer]:
    """Run checks one after the other in a new process, so that it imports a module for all of them once.

    If a check gives no answer, the next ones run in another process. All descendants of a process are killed
    afterwards. If a check fails, its output and that of its programs is kept in files, and its detail names their
    folder.
    """
    rest = list(tasks)
    while rest:
        process = _Process(rest)
        try:
            while rest and process.runs:
                answer = process.answer(rest.pop(0))
                if not rest:
                    process.end()
                yield answer
        finally:
            process.end()


class _Process:
    """A process that runs checks.

    Attributes:
        runs: it has not ended.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        """Start the process."""
        self.runs = True
        self._folders = {task.id: outputs.make_folder(task.id) for task in tasks}
        self._reader, writer = Pipe(duplex=False)
        self._child = os.fork()
        if self._child == 0:
            self._reader.close()
            _reply(tasks, self._folders, writer)
        writer.close()

    def answer(self, task: Task) -> ProbeAnswer:
        """Wait for the result of the next check. The process has ended if it gives none."""
        started, folder = time.monotonic(), self._folders.pop(task.id)
        in_time = self._reader.poll(task.limit)
        reply = _read_reply(self._reader) if in_time else None
        seconds = round(time.monotonic() - started, 3)
        if reply is None:
            reason = _explain_silence(in_time, task.limit, self.end())
            reply = (FAILED, reason + _last_line(folder), ())
        status, detail, warnings = reply
        if status == FAILED:
            detail += outputs.keep(folder)
        else:
            outputs.remove(folder)
        return ProbeAnswer(task.id, status, detail, seconds, warnings)

    def end(self) -> int:
        """Kill the process with all its descendants, if it has not ended, and remove the folders of checks not run.

        Returns its wait status.
        """
        if not self.runs:
            return 0
        self.runs = False
        self._reader.close()
        for folder in self._folders.values():
            outputs.remove(folder)
        return kill_family(self._child)


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


def _reply(tasks: Sequence[Task], folders: Mapping[str, Path], writer: Connection) -> NoReturn:
    """In the child: run the checks, write the result of each, and wait to be killed."""
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        Path("/proc/self/oom_score_adj").write_text("1000")  # without memory, the kernel kills the check, not the probe
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        outputs.use_stderr(os.dup(2))
        for task in tasks:
            outputs.announce(f"running {task.id}, at most {task.limit:g} s")
            _redirect(folders[task.id])
            writer.send_bytes(json.dumps(_run(task.run)).encode())
        while True:
            signal.pause()
    finally:
        os._exit(1)


def _redirect(folder: Path) -> None:
    """Make this process write all that it prints to a file in the folder of a check."""
    outputs.use_folder(folder)
    with (folder / "check.log").open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.stdout = sys.stderr = os.fdopen(os.dup(1), "w", buffering=1)


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
