"""Work done side by side that Ctrl-C ends in order."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(
    work: Callable[[Item], Result], items: Iterable[Item], jobs: int, stop: Callable[[], None] = lambda: None
) -> list[Result]:
    """The results of `work` for each item, in the items' order, from at most `jobs` threads.

    Where `work` raises, or Ctrl-C is pressed, `stop` is called to end what runs, nothing more begins, and the error is
    raised again once all threads are done.
    """
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            stop()
            raise
