"""What a check of a host found."""

from dataclasses import dataclass
from enum import StrEnum

from raydock.core.program import localize


class Grade(StrEnum):
    """How good it is: a warning is worth knowing and stops nothing; what was skipped was not looked at."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class HostFinding:
    """A check's id, its grade, a sentence, and what to do (empty where nothing is to be done)."""

    id: str
    grade: Grade
    detail: str
    todo: str = ""


def passed(id: str, detail: str) -> HostFinding:
    """A check that found nothing wrong."""
    return HostFinding(id=id, grade=Grade.PASSED, detail=detail)


def warned(id: str, detail: str, todo: str) -> HostFinding:
    """A warning, with what to do about it."""
    return _with_todo(id, Grade.WARNED, detail, todo)


def failed(id: str, detail: str, todo: str) -> HostFinding:
    """A failure, with what to do about it."""
    return _with_todo(id, Grade.FAILED, detail, todo)


def skipped(id: str, reason: str, todo: str = "") -> HostFinding:
    """A check that could not run, with the reason."""
    return _with_todo(id, Grade.SKIPPED, reason, todo)


def _with_todo(id: str, grade: Grade, detail: str, todo: str) -> HostFinding:
    return HostFinding(id=id, grade=grade, detail=detail, todo=localize(todo))
