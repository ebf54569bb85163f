"""The result of a clause: passed, failed or skipped, with the details."""

import time
from collections.abc import Callable

from raydock.core.errors import VariantError
from raydock.engine.streams import printable
from raydock.model.report import Check, Status


class BrokenError(Exception):
    """The image breaks the clause.

    The message has what was found, and what KubeRay would do.
    """


class NotCheckedError(Exception):
    """The clause cannot be checked here; the message says why."""


class Part(Check, frozen=True, kw_only=True):
    """The result of a clause, or of its part for one version of KubeRay.

    Attributes:
        release: the version of KubeRay; empty if the clause is the same for all.
    """

    release: str = ""


def check_clause(clause: str, check: Callable[[], str], release: str = "") -> Part:
    """Run the check of a clause, and return its result with the time that it took."""
    began = time.monotonic()
    status = Status.PASSED
    try:
        detail = check()
    except BrokenError as broken:
        status, detail = Status.FAILED, str(broken)
    except NotCheckedError as reason:
        status, detail = Status.SKIPPED, str(reason)
    except VariantError as error:
        status, detail = Status.FAILED, f"{error.what} No pod of this image starts."
    seconds = time.monotonic() - began
    return Part(id=clause, status=status, detail=printable(detail), seconds=seconds, release=release)


def merge_parts(parts: list[Part]) -> Check:
    """Merge the parts of one clause into one check.

    It failed if a part failed, else it is skipped if a part was.
    """
    present = {part.status for part in parts}
    status = next(status for status in (Status.FAILED, Status.SKIPPED, Status.PASSED) if status in present)
    by_detail: dict[str, list[str]] = {}
    for part in parts:
        by_detail.setdefault(part.detail, []).append(part.release)
    # A detail that is the same for all versions of KubeRay appears once.
    details = [
        detail if len(by_detail) == 1 or not all(releases) else f"{' and '.join(releases)}: {detail}"
        for detail, releases in by_detail.items()
    ]
    seconds = round(sum(part.seconds for part in parts), 3)
    return Check(id=parts[0].id, status=status, detail="; ".join(details), seconds=seconds)
