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
        id: the check's id.
        grade: the grade.
        detail: a sentence on what was found.
        todo: what to do; empty if there is nothing to do.
    """

    id: str
    grade: Grade
    detail: str
    todo: str = ""


def passed(id: str, detail: str) -> HostFinding:
    """Return the finding of a check that found no problem."""
    return HostFinding(id=id, grade=Grade.PASSED, detail=detail)


def warned(id: str, detail: str, todo: str) -> HostFinding:
    """Return a warning, with what to do about it."""
    return _with_todo(id, Grade.WARNED, detail, todo)


def failed(id: str, detail: str, todo: str) -> HostFinding:
    """Return a failure, with what to do about it."""
    return _with_todo(id, Grade.FAILED, detail, todo)


def skipped(id: str, reason: str, todo: str = "") -> HostFinding:
    """Return the finding of a check that could not run, with the reason."""
    return _with_todo(id, Grade.SKIPPED, reason, todo)


def _with_todo(id: str, grade: Grade, detail: str, todo: str) -> HostFinding:
    return HostFinding(id=id, grade=grade, detail=detail, todo=localize(todo))
