import threading

import pytest

from raydock.core.parallel import in_parallel


def test_results_have_the_order_of_the_items() -> None:
    gate = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            gate.wait(5)
        else:
            gate.set()
        return item * 2

    assert in_parallel(work, [0, 1], jobs=2) == [0, 2]


def test_no_more_than_jobs_run_at_once() -> None:
    running, most, guard = [0], [0], threading.Lock()

    def work(_: int) -> None:
        with guard:
            running[0] += 1
            most[0] = max(most[0], running[0])
        threading.Event().wait(0.01)
        with guard:
            running[0] -= 1

    in_parallel(work, range(8), jobs=3)
    assert most[0] == 3


def test_an_error_stops_running_items_and_starts_no_further_ones() -> None:
    stopped, started = threading.Event(), []

    def work(item: int) -> None:
        started.append(item)
        if item == 0:
            raise KeyboardInterrupt
        assert stopped.wait(5)

    with pytest.raises(KeyboardInterrupt):
        in_parallel(work, range(10), jobs=2, stop=stopped.set)
    assert stopped.is_set()
    assert len(started) < 10
