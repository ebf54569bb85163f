"""Locks audited: what the package index's own advisories say of what they pin, judged by scan.yaml."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from packaging.utils import canonicalize_name

from raydock.core.events import Listener, silent
from raydock.core.models import plain
from raydock.index.advisories import Advisories, NoAdvisoriesError, Release
from raydock.index.client import Index, from_environment
from raydock.model.finding import Finding
from raydock.model.judgement import Judgement, judge
from raydock.model.lock import Lock
from raydock.model.policy import Ignore, Policy


class AuditResult(StrEnum):
    """What an audit says of a lock. NOT_AUDITED: nothing is refused, but the index did not answer for all of it."""

    CLEAN = "clean"
    REFUSED = "refused"
    NOT_AUDITED = "not audited"


@dataclass(frozen=True, kw_only=True)
class Audit:
    """One lock's audit."""

    name: str
    judgement: Judgement

    @property
    def verdict(self) -> AuditResult:
        if self.judgement.refuses:
            return AuditResult.REFUSED
        return AuditResult.NOT_AUDITED if self.judgement.missing else AuditResult.CLEAN

    def document(self) -> dict[str, Any]:
        """Its entry in the JSON document of `lock --audit` (docs/reference/json.md)."""
        return {"name": self.name, "verdict": self.verdict, **plain(self.judgement)}


def audit(
    locks: Mapping[str, Lock], policy: Policy, today: date, on_event: Listener = silent, index: Index | None = None
) -> list[Audit]:
    """Audits locks by their variants' names; of each release that they pin, the index is asked once.

    `index` is by default the one that the environment names. Where it does not answer, that is missing in each audit.
    """
    advisories = Advisories(index=index or from_environment(os.environ), listener=on_event)
    releases = {name: [(pin.name, pin.version) for pin in lock.pins.values()] for name, lock in locks.items()}
    known: dict[Release, tuple[Finding, ...] | None] = {}
    missing = ""
    wanted = {release for pinned in releases.values() for release in pinned}
    try:
        known |= _of_ray(advisories, wanted)
        known |= advisories.of(wanted - known.keys())
    except NoAdvisoriesError as error:
        missing = error.what
    return [
        Audit(
            name=name,
            judgement=judge(
                policy,
                (finding for release in pinned for finding in known.get(release) or ()),
                today,
                missing or _unknown(pinned, known),
            ),
        )
        for name, pinned in releases.items()
    ]


def concerned(policy: Policy, locks: Mapping[str, Lock]) -> list[Ignore]:
    """The ignores that are about a package of these locks; the others are about what only a scan sees."""
    pinned = {name for lock in locks.values() for name in lock.pins}
    return [ignore for ignore in policy.ignore if canonicalize_name(ignore.package) in pinned]


def _of_ray(advisories: Advisories, wanted: set[Release]) -> Mapping[Release, tuple[Finding, ...] | None]:
    """The advisories of Ray's releases, which every lock pins. Raises NoAdvisoriesError where the index knows none of
    them: then it has no such API."""
    known = advisories.of(release for release in wanted if release[0] == "ray")
    if known and not any(found is not None for found in known.values()):
        raise NoAdvisoriesError(
            f"{advisories.index.label} publishes no advisories: its JSON API does not know ray {max(known)[1]}."
        )
    return known


def _unknown(pinned: list[Release], known: Mapping[Release, object]) -> str:
    names = [" ".join(release) for release in pinned if known[release] is None]
    return f"the index has no JSON page for {', '.join(names)}." if names else ""
