"""The work folder .raydock/ with logs, reports and caches.

It is ignored by git and replaces the former build/.
"""

import shutil
from collections.abc import Callable

from raydock.core.checkout import Checkout

# A file that only raydock's work folder has.
_MARKER = "lock.holder"


def prepare(checkout: Checkout, report: Callable[[str], None]) -> None:
    """Creates the work folder.

    If the former one exists, renames it and passes a message to `report`.
    Raises OSError.
    """
    former = checkout.former_work
    if not checkout.work.exists() and (former / _MARKER).is_file():
        former.rename(checkout.work)
        report(f"renamed {former.name}/ to {checkout.work.name}/, with its caches and reports")
    checkout.work.mkdir(exist_ok=True)
    ignore = checkout.work / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def remove(checkout: Checkout) -> None:
    """Removes the work folder, and the former one if raydock made it."""
    shutil.rmtree(checkout.work, ignore_errors=True)
    if (checkout.former_work / _MARKER).is_file():
        shutil.rmtree(checkout.former_work, ignore_errors=True)
