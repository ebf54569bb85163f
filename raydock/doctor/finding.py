"""What a check of a host found."""

from dataclasses import dataclass
from enum import StrEnum


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
    """What is as it must be."""
    return HostFinding(id=id, grade=Grade.PASSED, detail=detail)


def warned(id: str, detail: str, todo: str) -> HostFinding:
    """What will be in somebody's way."""
    return HostFinding(id=id, grade=Grade.WARNED, detail=detail, todo=todo)


def failed(id: str, detail: str, todo: str) -> HostFinding:
    """What is in the way."""
    return HostFinding(id=id, grade=Grade.FAILED, detail=detail, todo=todo)


def skipped(id: str, reason: str, todo: str = "") -> HostFinding:
    """What could not be looked at, or is not there."""
    return HostFinding(id=id, grade=Grade.SKIPPED, detail=reason, todo=todo)
