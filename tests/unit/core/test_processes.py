"""Waiting between programs."""

from threading import Timer
from time import monotonic

import pytest

from raydock.core.processes import Processes


def test_a_wait_ends_if_the_processes_are_stopped() -> None:
    processes = Processes()
    processes.wait(0.01)
    Timer(0.1, processes.stop).start()
    start = monotonic()
    with pytest.raises(KeyboardInterrupt):
        processes.wait(60)
    assert monotonic() - start < 30
