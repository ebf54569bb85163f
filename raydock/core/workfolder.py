"""The work folder .raydock/ with logs, reports and caches.

It is ignored by git and replaces the former build/. Only one raydock process writes to a checkout; others wait.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from raydock.core.checkout import Checkout
from raydock.core.errors import OutOfReachError

# The file that names the process with the lock; only raydock's work folder has it.
_HOLDER = "lock.holder"


def prepare(checkout: Checkout, report: Callable[[str], None]) -> None:
    """Creates the work folder.

    If the former one exists, renames it and passes a message to `report`.
    Raises OSError.
    """
    former = checkout.former_work
    if not checkout.work.exists() and (former / _HOLDER).is_file():
        former.rename(checkout.work)
        report(f"renamed {former.name}/ to {checkout.work.name}/, with its caches and reports")
    checkout.work.mkdir(exist_ok=True)
    ignore = checkout.work / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def remove(checkout: Checkout) -> None:
    """Removes the work folder, and the former one if raydock made it."""
    shutil.rmtree(checkout.work, ignore_errors=True)
    if (checkout.former_work / _HOLDER).is_file():
        shutil.rmtree(checkout.former_work, ignore_errors=True)


@contextmanager
def lock_checkout(checkout: Checkout, report: Callable[[str], None]) -> Iterator[None]:
    """Holds the checkout's lock for the time of the block.

    If a different process holds it, `report` gets a message that names that process, and this one waits. The kernel
    releases the lock when its process ends, also if the process is killed. Raises OutOfReachError if the lock cannot
    be written.
    """
    try:
        prepare(checkout, report)
        lock = FileLock(checkout.work / "lock")
        holder = checkout.work / _HOLDER
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
