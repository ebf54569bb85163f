import subprocess
import sys
import time
from pathlib import Path

from raydock.core.checkout import Checkout
from raydock.core.workfolder import lock_checkout, prepare, remove

HOLD = """
import sys
from pathlib import Path
from raydock.core.workfolder import lock_checkout
from raydock.core.checkout import Checkout
with lock_checkout(Checkout(Path(sys.argv[1])), print):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(folder: Path) -> "subprocess.Popen[str]":
    """A process that holds a checkout until its standard input is closed."""
    command, root = [sys.executable, "-c", HOLD, str(folder)], Path(__file__).parents[3]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_process_waits_and_names_the_first(tmp_path: Path) -> None:
    messages: list[str] = []

    def report(message: str) -> None:
        messages.append(message)
        assert holder.poll() is None
        assert holder.stdin is not None
        holder.stdin.close()

    with hold(tmp_path) as holder, lock_checkout(Checkout(tmp_path), report):
        assert holder.wait(5) == 0
    assert len(messages) == 1
    assert f"process {holder.pid}" in messages[0]


def test_a_free_lock_is_taken_without_a_message(tmp_path: Path) -> None:
    messages: list[str] = []
    with lock_checkout(Checkout(tmp_path), messages.append):
        pass
    with lock_checkout(Checkout(tmp_path), messages.append):
        pass
    assert messages == []


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with hold(tmp_path) as holder:
        holder.kill()
        holder.wait()
    started = time.monotonic()
    with lock_checkout(Checkout(tmp_path), print):
        assert time.monotonic() - started < 5


def test_the_former_folder_is_renamed_with_its_content(tmp_path: Path) -> None:
    (tmp_path / "build" / "trivy").mkdir(parents=True)
    (tmp_path / "build" / "trivy" / "db").write_text("vulnerabilities")
    (tmp_path / "build" / "lock.holder").write_text("process 1")
    messages: list[str] = []
    prepare(Checkout(tmp_path), messages.append)
    assert (tmp_path / ".raydock" / "trivy" / "db").read_text() == "vulnerabilities"
    assert not (tmp_path / "build").exists()
    assert messages == ["renamed build/ to .raydock/, with its caches and reports"]


def test_a_build_folder_that_is_not_raydocks_stays(tmp_path: Path) -> None:
    (tmp_path / "build" / "reports").mkdir(parents=True)
    messages: list[str] = []
    prepare(Checkout(tmp_path), messages.append)
    remove(Checkout(tmp_path))
    assert (tmp_path / "build" / "reports").is_dir()
    assert not (tmp_path / ".raydock").exists()
    assert messages == []


def test_git_ignores_the_folder(tmp_path: Path) -> None:
    for _ in range(2):
        prepare(Checkout(tmp_path), print)
    assert (tmp_path / ".raydock" / ".gitignore").read_text() == "*\n"


def test_both_folders_are_removed(tmp_path: Path) -> None:
    prepare(Checkout(tmp_path), print)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "lock.holder").touch()
    remove(Checkout(tmp_path))
    assert list(tmp_path.iterdir()) == []
