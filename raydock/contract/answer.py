"""How a clause is answered: kept, broken with what KubeRay would do, or not asked with the reason."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from raydock.core.errors import VariantError
from raydock.engine.streams import printable
from raydock.model.report import Check, Status


class BrokenError(Exception):
    """The image breaks the clause: what was found, and what KubeRay would do."""


class UnaskedError(Exception):
    """The clause cannot be asked of this image here, and why."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """The answer to a clause, or to one KubeRay's part of it; `release` is that KubeRay's version."""

    number: int
    status: Status
    detail: str
    seconds: float = 0.0
    release: str = ""


def answered(number: int, ask: Callable[[], str], release: str = "") -> Part:
    """Asks, and tells how it went and how long it took."""
    began = time.monotonic()
    status = Status.PASSED
    try:
        detail = ask()
    except BrokenError as broken:
        status, detail = Status.FAILED, str(broken)
    except UnaskedError as unasked:
        status, detail = Status.SKIPPED, str(unasked)
    except VariantError as error:
        status, detail = Status.FAILED, f"{error.what} No pod of this image starts."
    return Part(
        number=number, status=status, detail=printable(detail), seconds=time.monotonic() - began, release=release
    )


def merged(clause: str, parts: list[Part]) -> Check:
    """One clause's check from its parts: failed where one is, skipped where one was not asked."""
    found = {part.status for part in parts}
    status = next(status for status in (Status.FAILED, Status.SKIPPED, Status.PASSED) if status in found)
    said: dict[str, list[str]] = {}
    for part in parts:
        said.setdefault(part.detail, []).append(part.release)
    # What two KubeRays answer alike is said once.
    words = [
        detail if len(said) == 1 or not all(releases) else f"{' and '.join(releases)}: {detail}"
        for detail, releases in said.items()
    ]
    return Check(id=clause, status=status, detail="; ".join(words), seconds=round(sum(p.seconds for p in parts), 3))
