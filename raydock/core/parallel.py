"""Work done side by side that Ctrl-C ends in order."""

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
    """The results of `work` for each item, in the items' order, from at most `jobs` threads.

    Where `work` raises, or Ctrl-C is pressed, nothing more begins, `stop` is called to end what runs, and the error is
    raised again once all threads are done, or after GRACE seconds: one may wait for the network.
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
    """Threads that ask the network; Ctrl-C, or an error, does not wait for its answers."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
