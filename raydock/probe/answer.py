"""The result of a check: passed, or failed or skipped with the reason."""

from dataclasses import dataclass
from typing import Sequence, Tuple

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
SHOWN = 8


class CheckError(Exception):
    """The image fails a check; the message says what is wrong."""


class SkipError(Exception):
    """The check cannot run here; the message says why."""


@dataclass(frozen=True)
class ProbeFinding:
    """The result of a check that passed.

    Attributes:
        detail: what was found, in a sentence or more.
        warnings: what does not fail the check but needs attention.
    """

    detail: str
    warnings: Tuple[str, ...] = ()


@dataclass(frozen=True)
class ProbeAnswer:
    """The result of a check.

    Attributes:
        id: the id of the check.
        status: PASSED, FAILED or SKIPPED.
        detail: what was found, or the reason, in a sentence or more.
        seconds: how long the check took.
        warnings: what does not fail the check but needs attention.
    """

    id: str
    status: str
    detail: str
    seconds: float
    warnings: Tuple[str, ...] = ()


def conclude(problems: Sequence[str], summary: str) -> str:
    """Return `summary` if the list of problems is empty.

    Raises CheckError, with the first few problems, if it is not.
    """
    if not problems:
        return summary
    more = len(problems) - SHOWN
    raise CheckError("; ".join(problems[:SHOWN]) + (f"; and {more} more" if more > 0 else ""))
