import subprocess
import sys
import time
from pathlib import Path

from raydock.core.checkout import Checkout
from raydock.core.checkoutlock import only_one

HOLD = """
import sys
from pathlib import Path
from raydock.core.checkoutlock import only_one
from raydock.core.checkout import Checkout
with only_one(Checkout(Path(sys.argv[1])), print):
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


def test_the_second_waits_and_says_for_whom(tmp_path: Path) -> None:
    said: list[str] = []

    def tell(words: str) -> None:
        said.append(words)
        assert other.poll() is None
        assert other.stdin is not None
        other.stdin.close()

    with hold(tmp_path) as other, only_one(Checkout(tmp_path), tell):
        assert other.wait(5) == 0
    assert len(said) == 1
    assert f"process {other.pid}" in said[0]


def test_nothing_is_said_where_nobody_holds_it(tmp_path: Path) -> None:
    said: list[str] = []
    with only_one(Checkout(tmp_path), said.append):
        pass
    with only_one(Checkout(tmp_path), said.append):
        pass
    assert said == []


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    with hold(tmp_path) as other:
        other.kill()
        other.wait()
    started = time.monotonic()
    with only_one(Checkout(tmp_path), print):
        assert time.monotonic() - started < 5
