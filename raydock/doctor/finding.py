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
    return HostFinding(id=id, grade=Grade.WARNED, detail=detail, todo=localize(todo))


def failed(id: str, detail: str, todo: str) -> HostFinding:
    """A failure, with what to do about it."""
    return HostFinding(id=id, grade=Grade.FAILED, detail=detail, todo=localize(todo))


def skipped(id: str, reason: str, todo: str = "") -> HostFinding:
    """A check that could not run, with the reason."""
    return HostFinding(id=id, grade=Grade.SKIPPED, detail=reason, todo=localize(todo))
