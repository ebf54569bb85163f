import subprocess
import sys
import time
from pathlib import Path

from raydock.checkoutlock import only_one
from raydock.paths import Checkout

HOLD = """
import sys, time
from pathlib import Path
from raydock.checkoutlock import only_one
from raydock.paths import Checkout
with only_one(Checkout(Path(sys.argv[1])), print):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(folder: Path, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLD, str(folder), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_waits_and_says_for_whom(tmp_path: Path) -> None:
    said: list[str] = []
    with hold(tmp_path, 1.0) as other, only_one(Checkout(tmp_path), said.append):
        assert other.poll() is not None or other.wait(5) == 0
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
    with hold(tmp_path, 60) as other:
        other.kill()
        other.wait()
    started = time.monotonic()
    with only_one(Checkout(tmp_path), print):
        assert time.monotonic() - started < 5
