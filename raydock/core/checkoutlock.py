"""Allow only one raydock process to write to a checkout.

Other processes wait.
"""

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
def lock_checkout(checkout: Checkout, report: Callable[[str], None]) -> Iterator[None]:
    """Holds the checkout's lock for the time of the block.

    If a different process holds it, `report` gets a message that names that process, and this one waits. The kernel
    releases the lock when its process ends, also if the process is killed. Raises OutOfReachError if the lock cannot
    be written.
    """
    try:
        workfolder.prepare(checkout, report)
        lock = FileLock(checkout.work / "lock")
        holder = checkout.work / "lock.holder"
        try:
            lock.acquire(blocking=False)
        except Timeout:
            report(f"another raydock process uses this checkout ({_read(holder)}); waiting until it ends")
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
        return "process unknown"
