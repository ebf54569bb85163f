import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest

from raydock.probe.answer import FAILED, PASSED, SKIPPED, CheckError, ProbeAnswer, SkipError
from raydock.probe.runner import CheckFunction, Task, descendants, run_checks


def run_check(check_id: str, check: CheckFunction, limit: float) -> ProbeAnswer:
    [answer] = run_checks([Task(check_id, check, limit)])
    return answer


def _raise(error: BaseException) -> NoReturn:
    raise error


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (CheckError("the wrong wget"), FAILED, "the wrong wget"),
        (SkipError("no GPU"), SKIPPED, "no GPU"),
        (ImportError("no module named x"), FAILED, "ImportError: no module named x"),
        (SystemExit(3), FAILED, "SystemExit: 3"),
    ],
)
def test_an_exception_of_a_check_is_its_result(error: BaseException, status: str, detail: str) -> None:
    answer = run_check("x", lambda: _raise(error), 10)
    assert (answer.id, answer.status, answer.detail) == ("x", status, detail)


def test_a_long_result_is_complete(capfd: pytest.CaptureFixture[str]) -> None:
    def check() -> str:
        print("noise on stdout")
        return "word " * 50_000

    answer = run_check("x", check, 10)
    assert (answer.status, len(answer.detail)) == (PASSED, 250_000)
    assert capfd.readouterr().out == ""


def test_a_check_that_hangs_ends_at_its_limit() -> None:
    def check() -> str:
        time.sleep(60)
        return "never"

    answer = run_check("x", check, 0.3)
    assert (answer.status, answer.detail) == (FAILED, "no answer within 0.3 s")
    assert 0.3 <= answer.seconds < 5


def _start_family(folder: Path) -> str:
    """Start a child in a new session, and an orphan of an ended process."""
    family = "setsid sleep 60 & echo $! > orphan"
    subprocess.run(["sh", "-c", family], cwd=folder, stdout=subprocess.DEVNULL, check=True, start_new_session=True)
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    (folder / "child").write_text(str(child.pid))
    return "started"


def _alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("hang", [True, False])
def test_no_descendant_outlives_a_check(tmp_path: Path, hang: bool) -> None:
    def check() -> str:
        result = _start_family(tmp_path)
        if hang:
            time.sleep(60)
        return result

    before = set(descendants(os.getpid()))
    answer = run_check("x", check, 1 if hang else 20)
    assert answer.status == (FAILED if hang else PASSED)
    for name in ("child", "orphan"):
        assert not _alive(int((tmp_path / name).read_text()))
    assert set(descendants(os.getpid())) <= before


@pytest.mark.parametrize(
    ("sign", "text"), [(signal.SIGSYS, "killed by SIGSYS"), (signal.SIGKILL, "killed by SIGKILL (out of memory?)")]
)
def test_a_crash_is_a_failure_with_the_last_line_of_output(sign: signal.Signals, text: str) -> None:
    def check() -> str:
        print("first")
        print("loading the library", file=sys.stderr)
        os.kill(os.getpid(), sign)
        return "never"

    answer = run_check("x", check, 10)
    reason, _, folder = answer.detail.partition("; its output: ")
    assert (answer.status, reason) == (FAILED, f"the check was {text}; check.log ends: loading the library")
    assert (Path(folder) / "check.log").read_text() == "first\nloading the library\n"


def test_an_exit_without_a_result_is_a_failure() -> None:
    answer = run_check("x", lambda: os._exit(7), 10)
    assert (answer.status, answer.detail) == (FAILED, "the check ended with exit status 7 and no answer")


def test_checks_share_a_process(capfd: pytest.CaptureFixture[str]) -> None:
    def check() -> str:
        print("noise")
        return f"{os.getpid()}"

    answers = list(run_checks([Task("first", check, 10), Task("second", check, 10)]))
    assert [(answer.id, answer.status) for answer in answers] == [("first", PASSED), ("second", PASSED)]
    assert answers[0].detail == answers[1].detail != str(os.getpid())
    assert capfd.readouterr().err == "running first, at most 10 s\nrunning second, at most 10 s\n"


@pytest.mark.parametrize("fault", [lambda: _raise(CheckError("x")), lambda: os._exit(7), lambda: time.sleep(60)])
def test_a_check_runs_after_one_that_failed_in_its_process(fault: CheckFunction) -> None:
    def check() -> str:
        print("noise of the last one", flush=True)
        raise CheckError(f"{os.getpid()}")

    tasks = [Task("first", lambda: f"{os.getpid()}", 10), Task("broken", fault, 0.5), Task("last", check, 10)]
    answers = list(run_checks(tasks))
    assert [(answer.id, answer.status) for answer in answers] == [
        ("first", PASSED),
        ("broken", FAILED),
        ("last", FAILED),
    ]
    folder = Path(answers[2].detail.partition("; its output: ")[2])
    assert (folder / "check.log").read_text() == "noise of the last one\n"
    assert not set(descendants(os.getpid()))
