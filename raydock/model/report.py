"""Checks and their answers. An answer is passed, failed or skipped with the reason; never silently absent."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from raydock.core.files import write_whole
from raydock.model.image import ImageRecord

SCHEMA = 1


class Status(StrEnum):
    """What a check found."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question put to an image: its id, the answer, a sentence of detail, the seconds that it took, warnings."""

    id: str
    status: Status
    detail: str
    seconds: float
    warnings: tuple[str, ...] = ()

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Check":
        """A check from its JSON form. Raises ValueError, KeyError or TypeError if it is not one."""
        if not isinstance(document, Mapping):
            raise TypeError("a check is an object")
        warnings = tuple(str(words) for words in document.get("warnings", ()))
        check = cls(**{**document, "status": Status(document["status"]), "warnings": warnings})
        if not (isinstance(check.id, str) and isinstance(check.detail, str) and isinstance(check.seconds, int | float)):
            raise TypeError("a check's id and detail are texts, its seconds a number")
        return check


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
    write_whole(path, json.dumps({"schema": SCHEMA, **asdict(report)}, indent=1) + "\n")


def load(path: Path) -> Report | None:
    """Reads a report; None where there is none of this schema, which means that the image has to be asked again."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if document.pop("schema") != SCHEMA:
            return None
        checks = tuple(Check.read(item) for item in document.pop("checks"))
        return Report(**document, checks=checks)
    except (OSError, ValueError, KeyError, TypeError):
        return None
