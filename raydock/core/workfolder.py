"""The work folder, .raydock/: logs, reports, caches. It is not for git, and replaces the former build/."""

import shutil
from collections.abc import Callable

from raydock.core.checkout import Checkout

# A file that only raydock's work folder has.
_SIGN = "lock.holder"


def prepare(checkout: Checkout, tell: Callable[[str], None]) -> None:
    """Makes the work folder; the former one is renamed to it, and `tell` gets a line. Raises OSError."""
    former = checkout.former_work
    if not checkout.work.exists() and (former / _SIGN).is_file():
        former.rename(checkout.work)
        tell(f"{former.name}/ is {checkout.work.name}/ now: it was renamed, with its caches and reports")
    checkout.work.mkdir(exist_ok=True)
    ignore = checkout.work / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def remove(checkout: Checkout) -> None:
    """Removes the work folder, and the former one if it is raydock's."""
    shutil.rmtree(checkout.work, ignore_errors=True)
    if (checkout.former_work / _SIGN).is_file():
        shutil.rmtree(checkout.former_work, ignore_errors=True)
