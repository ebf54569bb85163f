"""Clauses 1 and 2: the results for recorded output of an image's shells."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from raydock.contract import shells
from raydock.contract.answer import BrokenError
from raydock.contract.bench import Bench
from raydock.contract.kuberay import KubeRayContract, known
from raydock.engine.container import CommandResult
from raydock.probe.shells import TOOLS, WGET, find, gnu_wget, read

RAY = "ray, version 2.60.0\n"
PATHS = "/opt/venv/bin/ray\n/opt/venv/bin/python\n"
GOOD = {"-c": (PATHS, RAY), "-lc": (PATHS, f"Welcome\n{RAY}")}


def ended(out: str = "", status: int = 0) -> CommandResult:
    return CommandResult(out=out, err="", status=status, out_of_memory=False, in_time=True)


@dataclass(frozen=True, kw_only=True)
class RecordedBench:
    """An image whose shells give recorded answers: the text of the file and the output, by bash's option."""

    shells: dict[str, tuple[str, str]]
    missing: str = "done\n"
    wget: str = "GNU Wget 1.21.3 built on linux-gnu.\n"
    kuberay: KubeRayContract = field(default_factory=known)

    def run_for_answer(self, command: Sequence[str], *_: Any) -> tuple[CommandResult, str]:
        if command[0] == "sh":
            assert all(tool in command[-1] for tool in TOOLS)
            return ended(), self.missing
        text, out = self.shells[command[1]]
        return ended(out), text

    def run(self, command: Sequence[str], *_: Any) -> CommandResult:
        assert command[-1] == " ".join(WGET)
        return ended(self.wget)


def bench(**changes: Any) -> Bench:
    return cast(Bench, replace(RecordedBench(shells=GOOD), **changes))


def test_shells_that_agree_pass() -> None:
    assert shells.agree(bench()) == "-c and -lc find /opt/venv/bin/ray, /opt/venv/bin/python, Ray 2.60.0"


@pytest.mark.parametrize(
    ("login", "message"),
    [
        ((PATHS, "ray, version 1.0"), "but `bash -lc` finds /opt/venv/bin/ray, /opt/venv/bin/python, Ray 1.0: which"),
        (
            (PATHS, "hello"),
            "&& ray --version'` prints no version: 'hello': a login shell sets PATH again; KubeRay v1.3",
        ),
        (("/bin/ray\n", RAY), "&& ray --version'` finds /bin/ray, not one Ray and one Python: a login shell"),
        (("", RAY), "finds nothing, not one Ray and one Python"),
    ],
)
def test_a_login_shell_that_differs_fails(login: tuple[str, str], message: str) -> None:
    with pytest.raises(BrokenError) as broken:
        shells.agree(bench(shells=GOOD | {"-lc": login}))
    assert message in str(broken.value)


def test_all_tools_are_found() -> None:
    assert shells.tools(bench()) == "9 tools on PATH, GNU Wget 1.21.3"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"missing": "wget\nawk\ndone\n"}, "not on PATH: wget, awk: KubeRay's liveness"),
        ({"missing": ""}, "`sh -c` does not run its command (no output)"),
        ({"wget": "BusyBox v1.36.1"}, "wget is not GNU Wget (BusyBox v1.36.1)"),
    ],
)
def test_missing_tools_fail(changes: dict[str, str], message: str) -> None:
    with pytest.raises(BrokenError) as broken:
        shells.tools(bench(**changes))
    assert message in str(broken.value)


def test_the_paths_are_not_in_the_output() -> None:
    assert find("/tmp/a") == 'command -v ray python > "/tmp/a" && ray --version'
    assert read(PATHS, f"ray, version 1.0\n{RAY}").endswith(", Ray 2.60.0")
    assert gnu_wget("wget: not found") == ""
