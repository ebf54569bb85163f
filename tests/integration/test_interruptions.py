"""Interrupted and concurrent runs: nothing temporary is left, and finished results are kept."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from tests.support.engine import SpareEngine
from tests.support.toy import NAMES, Toy, finish, lock

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

RAY2 = "/files/ray-2.0.0-py3-none-any.whl"


def ctrl_c(process: subprocess.Popen[str]) -> None:
    """Send SIGINT to the whole process group, as a terminal does."""
    os.killpg(process.pid, signal.SIGINT)


def terminate(process: subprocess.Popen[str]) -> None:
    """Send SIGTERM to the process only, as an init system does."""
    process.send_signal(signal.SIGTERM)


End = Callable[[subprocess.Popen[str]], None]
ends = pytest.mark.parametrize("end", [ctrl_c, terminate])


@ends
def test_a_build_is_interrupted(toy: Toy, spare: SpareEngine, end: End) -> None:
    before = toy.committed()
    toy.site.hang, toy.site.hang_on = Event(), RAY2
    with toy.started("build", DOCKER_HOST=spare.host) as process:
        toy.site.wait_for(RAY2)
        end(process)
        done = finish(process, 20)
    assert done.code == 130, done.summary
    assert "Interrupted." in done.err
    assert "failed" not in done.out + done.err
    assert toy.committed() == before
    assert toy.leftovers() == []
    assert processes_naming(toy.root) == []
    assert spare.client().containers.list(all=True) == []
    assert eventually(lambda: not processes_naming(spare.data / "buildkit"))

    toy.site.hang.set()
    again = toy.run("build", DOCKER_HOST=spare.host)
    assert again.code == 0, again.summary


@ends
@pytest.mark.parametrize(("command", "page"), [("facts", "/simple/ray/"), ("lock", "/simple/toylib/")])
def test_reading_the_index_is_interrupted(unlocked: Toy, command: str, page: str, end: End) -> None:
    toy = unlocked
    assert toy.run("facts").code == 0
    before = toy.committed()
    toy.site.requests.clear()
    toy.site.hang, toy.site.hang_on = Event(), page
    with toy.started(command) as process:
        toy.site.wait_for(page)
        end(process)
        done = finish(process, 20)
    assert done.code == 130, done.summary
    assert toy.committed() == before
    assert toy.leftovers() == []
    assert processes_naming(toy.root) == []


@ends
def test_making_a_base_is_interrupted(unlocked: Toy, spare: SpareEngine, end: End) -> None:
    toy = unlocked
    toy.edit("matrix.yaml", "timestamp: ", "timestamp: 2026-11-10  # ")
    lock(toy)
    with toy.started("build", DOCKER_HOST=spare.host) as process:
        assert process.stderr
        assert "bootstrapping Debian bookworm" in process.stderr.readline()
        assert eventually(lambda: processes_naming(toy.root / ".raydock" / "bases"))
        end(process)
        done = finish(process, 20)
    assert done.code == 130, done.summary
    assert toy.leftovers() == []
    assert list((toy.root / ".raydock" / "bases").iterdir()) == []
    assert processes_naming(toy.root) == []


def test_the_engine_is_killed_during_a_build(toy: Toy, spare: SpareEngine) -> None:
    first = toy.run("build", "--select", "ray=1.0.0", "--json", DOCKER_HOST=spare.host)
    assert first.code == 0, first.summary
    before = toy.committed()
    toy.site.hang, toy.site.hang_on = Event(), RAY2
    with toy.started("build", DOCKER_HOST=spare.host) as process:
        toy.site.wait_for(RAY2)
        spare.kill()
        done = finish(process, 30)
    assert done.code == 4, done.summary
    assert NAMES[1] in done.err
    assert "engine" in done.err.lower()
    assert "Next: run `scripts/engine`" in done.err
    assert toy.committed() == before
    assert toy.leftovers() == []

    toy.site.hang.set()
    spare.start()
    again = toy.run("build", "--json", DOCKER_HOST=spare.host)
    assert again.code == 0, again.summary
    assert [again.variants[name]["built"] for name in NAMES] == [False, True]
    assert again.variants[NAMES[0]]["image_id"] == first.variants[NAMES[0]]["image_id"]


def test_two_runs_at_once(toy: Toy) -> None:
    toy.site.hang, toy.site.hang_on = Event(), RAY2
    with toy.started("build") as first:
        toy.site.wait_for(RAY2)
        with toy.started("build") as second:
            assert second.stderr
            waiting = second.stderr.readline()
            toy.site.hang.set()
            done, other = finish(first), finish(second)
        assert "another raydock process uses this checkout" in waiting
        assert f"process {first.pid}" in waiting
        assert "build.py build" in waiting
    assert (done.code, other.code) == (0, 0), done.summary + other.summary
    assert "2 built." in done.out
    assert "nothing to build, 2 built before" in other.out


def processes_naming(path: Path) -> list[str]:
    """Return the command lines that contain a path."""
    commands = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = file.read_bytes()
        except OSError:
            continue  # the process ended
        if str(path).encode() in command:
            commands.append(command.replace(b"\0", b" ").decode())
    return commands


def eventually(condition: Callable[[], object], seconds: float = 15) -> bool:
    """Return whether a condition becomes true within some seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
