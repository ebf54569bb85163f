"""One writer at a time in a checkout: the others wait and say for whom."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from raydock.core import workfolder
from raydock.core.checkout import Checkout
from raydock.core.errors import OutOfReachError


@contextmanager
def only_one(checkout: Checkout, tell: Callable[[str], None]) -> Iterator[None]:
    """Holds the checkout's lock; while another run has it, tells who that is and waits.

    The kernel lets go of it with the process that holds it, however that ends. Raises OutOfReachError where the lock
    cannot be written.
    """
    try:
        workfolder.prepare(checkout, tell)
        lock = FileLock(checkout.work / "lock")
        holder = checkout.work / "lock.holder"
        try:
            lock.acquire(blocking=False)
        except Timeout:
            tell(f"another raydock works in this checkout ({_read(holder)}); waiting for it to end")
            lock.acquire()
        holder.write_text(f"process {os.getpid()}, `{' '.join(sys.argv)}`, since {time.strftime('%H:%M:%S')}\n")
    except OSError as error:
        raise OutOfReachError(
            f"{checkout.work} cannot be written: {error.strerror}.", todo="fix the permissions or free some space."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8").strip()
    except OSError:
        return "its process is not known"
