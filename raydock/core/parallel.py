"""Work in parallel threads that Ctrl-C ends in order."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

GRACE = 15.0


def in_parallel(
    work: Callable[[Item], Result], items: Iterable[Item], jobs: int, stop: Callable[[], None] = lambda: None
) -> list[Result]:
    """Runs `work` for each item in at most `jobs` threads.

    Returns the results in the order of the items. If `work` raises or Ctrl-C is pressed, no further item starts, `stop`
    is called to end the running ones, and the error is raised again when all threads are done or after GRACE seconds: a
    thread may wait for the network.
    """
    pool = ThreadPoolExecutor(max_workers=max(1, jobs))
    futures = [pool.submit(work, item) for item in items]
    try:
        return [future.result() for future in futures]
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        stop()
        wait([future for future in futures if not future.cancelled()], GRACE)
        raise
    finally:
        pool.shutdown(wait=False)


@contextmanager
def readers(count: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads for network requests.

    On Ctrl-C or an error, it does not wait for pending requests.
    """
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
