"""The finding of a check of a host."""

from dataclasses import dataclass
from enum import StrEnum

from raydock.core.program import localize


class Grade(StrEnum):
    """The grade of a finding.

    A warning does not fail the host. A skipped check did not run.
    """

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class HostFinding:
    """The finding of one check.

    Attributes:
        grade: the grade.
        detail: a sentence on what was found.
        todo: what to do; empty if there is nothing to do.
    """

    grade: Grade
    detail: str
    todo: str = ""


def passed(detail: str) -> HostFinding:
    """Return the finding of a check that found no problem."""
    return HostFinding(grade=Grade.PASSED, detail=detail)


def warned(detail: str, todo: str) -> HostFinding:
    """Return a warning, with what to do about it."""
    return HostFinding(grade=Grade.WARNED, detail=detail, todo=localize(todo))


def failed(detail: str, todo: str) -> HostFinding:
    """Return a failure, with what to do about it."""
    return HostFinding(grade=Grade.FAILED, detail=detail, todo=localize(todo))


def skipped(reason: str, todo: str = "") -> HostFinding:
    """Return the finding of a check that could not run, with the reason."""
    return HostFinding(grade=Grade.SKIPPED, detail=reason, todo=localize(todo))
