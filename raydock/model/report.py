"""Checks and their answers. An answer is passed, failed or skipped with the reason; never silently absent."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from raydock.core.jsonfile import read, value, write
from raydock.core.models import Entry, plain
from raydock.model.image import ImageRecord

SCHEMA = 1


class Status(StrEnum):
    """What a check found."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Check(Entry, frozen=True, kw_only=True):
    """One question put to an image: its id, the answer, a sentence of detail, the seconds that it took, warnings."""

    id: str
    status: Status
    detail: str
    seconds: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report(ImageRecord):
    """The answers of one image.

    Attributes:
        checks: the checks with their answers.
    """

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether some check passed and none failed."""
        states = {check.status for check in self.checks}
        return Status.PASSED in states and Status.FAILED not in states

    @property
    def counts(self) -> str:
        """How many checks found what: `8 passed, 2 skipped`."""
        counts = {status: sum(check.status is status for check in self.checks) for status in Status}
        return ", ".join(f"{count} {status}" for status, count in counts.items() if count)

    def told(self, status: Status) -> dict[str, str]:
        """What the checks of a status say, each detail once, with the ids of those that say it."""
        ids: dict[str, list[str]] = {}
        for check in self.checks:
            if check.status is status:
                ids.setdefault(check.detail, []).append(check.id)
        return {detail: ", ".join(names) for detail, names in ids.items()}


def save(report: Report, path: Path) -> None:
    """Writes a report as JSON, whole or not at all."""
    write(path, {"schema": SCHEMA, **plain(report)})


def load(path: Path) -> Report | None:
    """Reads a report; None where there is none of this schema, which means that the image has to be asked again."""
    return value(read(path, SCHEMA), Report)
