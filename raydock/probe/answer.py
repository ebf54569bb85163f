"""What a check says: passed with a sentence, failed or skipped with the reason."""

from dataclasses import dataclass
from typing import Sequence, Tuple

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
SHOWN = 8


class CheckError(Exception):
    """The image does not do what the check asks; the message says what is wrong."""


class SkipError(Exception):
    """The check cannot be asked here; the message says why."""


@dataclass(frozen=True)
class ProbeFinding:
    """What a check that passed has to say, and what deserves a look all the same."""

    detail: str
    warnings: Tuple[str, ...] = ()


@dataclass(frozen=True)
class ProbeAnswer:
    """One check's id, its status, a sentence or more of detail, the seconds that it took, and warnings."""

    id: str
    status: str
    detail: str
    seconds: float
    warnings: Tuple[str, ...] = ()


def verdict(problems: Sequence[str], fine: str) -> str:
    """`fine` where there is no problem. Raises CheckError with the first few of them otherwise."""
    if not problems:
        return fine
    more = len(problems) - SHOWN
    raise CheckError("; ".join(problems[:SHOWN]) + (f"; and {more} more" if more > 0 else ""))
