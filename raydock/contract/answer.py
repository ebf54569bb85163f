"""The result of a clause: passed, failed or skipped, with the details."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from raydock.core.errors import VariantError
from raydock.engine.streams import printable
from raydock.model.report import Check, Status


class BrokenError(Exception):
    """The image breaks the clause.

    The message has what was found, and what KubeRay would do.
    """


class NotCheckedError(Exception):
    """The clause cannot be checked here; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """The result of a clause, or of its part for one version of KubeRay.

    Attributes:
        number: the number of the clause.
        status: passed, failed or skipped.
        detail: what was found, or the reason.
        seconds: how long the check took.
        release: the version of KubeRay; empty if the clause is the same for all.
    """

    number: int
    status: Status
    detail: str
    seconds: float = 0.0
    release: str = ""


def check_clause(number: int, check: Callable[[], str], release: str = "") -> Part:
    """Run a check, and return its result with the time that it took."""
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
    return Part(
        number=number, status=status, detail=printable(detail), seconds=time.monotonic() - began, release=release
    )


def merge_parts(clause: str, parts: list[Part]) -> Check:
    """Merge the parts of a clause into one check.

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
    return Check(id=clause, status=status, detail="; ".join(details), seconds=seconds)
