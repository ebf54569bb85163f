import socket
import subprocess
import sys

import pytest

from raydock.engine.cleanup import RUN, is_over

HOST = socket.gethostname()


def _gone() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_run_is_over_once_its_process_is_gone() -> None:
    assert not is_over(RUN)
    assert is_over(f"{HOST}/{_gone()}/0a1b")


@pytest.mark.parametrize("run", ["", "0a1b", f"{HOST}//0a1b", f"{HOST}/1/0a1b"])
def test_a_run_whose_process_may_exist_is_not_over(run: str) -> None:
    assert not is_over(run)


def test_a_run_of_a_different_machine_is_not_over() -> None:
    assert not is_over(f"other.{HOST}/{_gone()}/0a1b")
