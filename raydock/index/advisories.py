"""The advisories in the JSON API of a package index.

They are read with pip-audit's client. The JSON API is next to the simple API: PREFIX/pypi/NAME/VERSION/json and
PREFIX/simple/ (the documentation of Warehouse's JSON API, read 2026-11-25). Not all common mirrors have it.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import requests
from packaging.version import Version
from pip_audit._service.interface import Dependency, ResolvedDependency, ServiceError, VulnerabilityResult
from pip_audit._service.pypi import PyPIService

from raydock.core.errors import OutOfReachError
from raydock.core.events import Listener, silent
from raydock.core.parallel import readers
from raydock.index.client import Index
from raydock.model.finding import Finding, FindingKind, Severity

# A package and its version.
Release = tuple[str, str]
_WORKERS = 16


class NoAdvisoriesError(OutOfReachError):
    """The index does not publish advisories, or does not answer."""


def advisories_of(
    releases: Iterable[Release], index: Index, listener: Listener = silent
) -> dict[Release, tuple[Finding, ...] | None]:
    """The advisories of each release in an index, each read once.

    None for releases that the index does not have.
    Raises NoAdvisoriesError if the index does not answer, or not in the format of the JSON API.
    """
    unique, done = sorted(set(releases)), count(1)

    def read(release: Release) -> tuple[Finding, ...] | None:
        advisories = _read(release, index)
        listener("advisories", f"reading {index.address.label}", detail=f"{next(done)} of {len(unique)} releases")
        return advisories

    with readers(_WORKERS) as pool:
        return dict(zip(unique, pool.map(read, unique), strict=True))


def _read(release: Release, index: Index) -> tuple[Finding, ...] | None:
    name, version = release
    # An index can add a local version (2.3.1+cu118) to its own builds of a release; advisories do not have it.
    public = Version(Version(version).public)
    try:
        with index.client() as client:
            answer, advisories = _query(client.s, index, ResolvedDependency(name, public))
    except OutOfReachError as error:
        raise NoAdvisoriesError(error.what) from None
    return None if answer.is_skipped() else tuple(_finding(advisory, release) for advisory in advisories)


def _query(
    session: requests.Session, index: Index, release: ResolvedDependency
) -> tuple[Dependency, list[VulnerabilityResult]]:
    """The answer of pip-audit's client.

    Raises the client's underlying error, which Index.client translates.
    """
    service = PyPIService(cache_dir=Path(os.devnull))  # disables the cache
    service.session = _IndexSession(session, index.address.url.rstrip("/").removesuffix("/simple"))
    try:
        answer, advisories = service.query(release)
        return answer, advisories
    except ServiceError as error:
        raise (error.__cause__ or error.__context__ or error) from None
    except (KeyError, TypeError, AttributeError):
        raise ValueError("it does not have the format of the JSON API") from None


@dataclass(frozen=True)
class _IndexSession:
    """A session that sends requests for the default index to a different one.

    Attributes:
        session: the session with the user's settings.
        prefix: the address before `/pypi`.
    """

    session: requests.Session
    prefix: str

    def get(self, url: str, timeout: float) -> requests.Response:
        answer = self.session.get(self.prefix + urlsplit(url).path, timeout=timeout)
        if answer.ok and "vulnerabilities" not in answer.json():  # pip-audit treats that as an empty list
            raise ValueError("it has no list of vulnerabilities")
        return answer


def _finding(advisory: VulnerabilityResult, release: Release) -> Finding:
    """The finding for an advisory; the index does not rate its severity."""
    name, version = release
    return Finding(
        kind=FindingKind.VULNERABILITY,
        id=advisory.id,
        aliases=tuple(sorted(advisory.aliases)),
        severity=Severity.UNKNOWN,
        title=_shorten(advisory.description),
        package=name,
        version=version,
        fixed=", ".join(str(fix) for fix in advisory.fix_versions),
    )


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:117]}..."
