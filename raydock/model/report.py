"""The checks of an image and their results.

Every check has a result: passed, failed, or skipped with the reason.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from raydock.core.jsonfile import read, value, write
from raydock.core.models import Entry, plain
from raydock.model.image import ImageRecord

SCHEMA = 1


class Status(StrEnum):
    """The result of a check."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Check(Entry, frozen=True, kw_only=True):
    """A check of an image.

    Attributes:
        id: its id.
        status: its result.
        detail: a sentence on the result.
        seconds: how long it took, in seconds.
        warnings: its warnings, a sentence each.
    """

    id: str
    status: Status
    detail: str
    seconds: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report(ImageRecord):
    """The results of an image.

    Attributes:
        checks: the checks with their results.
    """

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether at least one check passed and none failed."""
        states = {check.status for check in self.checks}
        return Status.PASSED in states and Status.FAILED not in states

    @property
    def counts(self) -> str:
        """The number of checks with each result: `8 passed, 2 skipped`."""
        counts = {status: sum(check.status is status for check in self.checks) for status in Status}
        return ", ".join(f"{count} {status}" for status, count in counts.items() if count)

    @property
    def problems(self) -> list[str]:
        """A line for the failed checks with the same detail, then for the skipped ones."""
        return [
            f"{checks} {status}: {detail}"
            for status in (Status.FAILED, Status.SKIPPED)
            for detail, checks in self.details(status).items()
        ]

    def details(self, status: Status) -> dict[str, str]:
        """The details of the checks with a status, each once, with the ids of its checks."""
        ids: dict[str, list[str]] = {}
        for check in self.checks:
            if check.status is status:
                ids.setdefault(check.detail, []).append(check.id)
        return {detail: ", ".join(names) for detail, names in ids.items()}


@dataclass(frozen=True, kw_only=True)
class SetReport:
    """The results of a set of images.

    Attributes:
        images: the ids of its images by name.
        checks: the checks of the set.
    """

    images: dict[str, str]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(check.status is not Status.FAILED for check in self.checks)


def save(report: Report | SetReport, path: Path) -> None:
    """Write a report as JSON, completely or not at all."""
    write(path, {"schema": SCHEMA, **plain(report)})


def load(path: Path) -> Report | None:
    """Read a report; None if it is missing or has a different schema, so that the image must be tested again."""
    return value(read(path, SCHEMA), Report)
