"""Audit locks: judge the index's advisories for their pins by scan.yaml."""

import os
from collections.abc import Mapping
from datetime import date

from packaging.utils import canonicalize_name

from raydock.core.events import Listener, silent
from raydock.index.advisories import NoAdvisoriesError, Release, advisories_of
from raydock.index.client import Index, from_environment
from raydock.model.finding import Finding
from raydock.model.judgement import Judgement, judge
from raydock.model.lock import Lock
from raydock.model.policy import Ignore, Policy


def audit(
    locks: Mapping[str, Lock], policy: Policy, today: date, on_event: Listener = silent, index: Index | None = None
) -> dict[str, Judgement]:
    """Judge the advisories of locks by variant name, with one request to the index for each release that they pin.

    If the index does not answer, each judgement says so in `missing`.

    locks: the locks by variant name.
    index: the package index; None for the one that the environment names.
    """
    index = index or from_environment(os.environ)
    releases = {name: [(pin.name, pin.version) for pin in lock.pins.values()] for name, lock in locks.items()}
    known: dict[Release, tuple[Finding, ...] | None] = {}
    missing = ""
    pinned_releases = {release for pinned in releases.values() for release in pinned}
    try:
        known |= _ray_advisories(pinned_releases, index)
        known |= advisories_of(pinned_releases - known.keys(), index, on_event)
    except NoAdvisoriesError as error:
        missing = error.what
    return {
        name: judge(
            policy,
            (finding for release in pinned for finding in known.get(release) or ()),
            today,
            missing or _unknown_releases(pinned, known),
        )
        for name, pinned in releases.items()
    }


def ignores_of_locks(policy: Policy, locks: Mapping[str, Lock]) -> list[Ignore]:
    """The ignores for a package of these locks. The rest are for packages that only a scan finds."""
    pinned = {name for lock in locks.values() for name in lock.pins}
    return [ignore for ignore in policy.ignore if canonicalize_name(ignore.package) in pinned]


def _ray_advisories(releases: set[Release], index: Index) -> Mapping[Release, tuple[Finding, ...] | None]:
    """The advisories for Ray's releases, which every lock pins.

    Raises NoAdvisoriesError if the index knows none of these releases: it does not have the JSON API then.
    """
    known = advisories_of((release for release in releases if release[0] == "ray"), index)
    if known and not any(findings is not None for findings in known.values()):
        raise NoAdvisoriesError(
            f"{index.address.label} publishes no advisories: its JSON API does not know ray {max(known)[1]}."
        )
    return known


def _unknown_releases(pinned: list[Release], known: Mapping[Release, object]) -> str:
    names = [" ".join(release) for release in pinned if known[release] is None]
    return f"the index has no JSON page for {', '.join(names)}." if names else ""
