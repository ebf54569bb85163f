"""The advisories that a package index itself publishes: its JSON API, asked by pip-audit's client.

An index has it beside its simple API, as PREFIX/pypi/NAME/VERSION/json beside PREFIX/simple/ (the documentation of
Warehouse's JSON API, read 2026-11-25). Of the common mirrors not all do.
"""

import os
from collections.abc import Iterable, Mapping
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
    """The index publishes no advisories, or does not answer."""


@dataclass(frozen=True, kw_only=True)
class Advisories:
    """Asks one index."""

    index: Index
    listener: Listener = silent

    def of(self, releases: Iterable[Release]) -> Mapping[Release, tuple[Finding, ...] | None]:
        """The advisories of each release, asked for once; None for those that the index does not know.

        Raises NoAdvisoriesError where it does not answer in the form of that API.
        """
        wanted, done = sorted(set(releases)), count(1)

        def ask(release: Release) -> tuple[Finding, ...] | None:
            found = self._ask(release)
            self.listener("advisories", f"asking {self.index.label}", detail=f"{next(done)} of {len(wanted)} releases")
            return found

        with readers(_WORKERS) as pool:
            return dict(zip(wanted, pool.map(ask, wanted), strict=True))

    def _ask(self, release: Release) -> tuple[Finding, ...] | None:
        name, version = release
        # An index names its own builds of a release by a local version (2.3.1+cu118); advisories have none.
        public = Version(Version(version).public)
        try:
            with self.index.client() as client:
                answer, found = _query(client.s, self.index, ResolvedDependency(name, public))
        except OutOfReachError as error:
            raise NoAdvisoriesError(error.what) from None
        return None if answer.is_skipped() else tuple(_finding(item, release) for item in found)


def _query(
    session: requests.Session, index: Index, release: ResolvedDependency
) -> tuple[Dependency, list[VulnerabilityResult]]:
    """What pip-audit's client answers, or the error that it met, as Index.client understands it."""
    service = PyPIService(cache_dir=Path(os.devnull))  # a cache that nothing writes to
    service.session = _Moved(session, index.endpoint.rstrip("/").removesuffix("/simple"))
    try:
        answer, found = service.query(release)
        return answer, found
    except ServiceError as error:
        raise (error.__cause__ or error.__context__ or error) from None
    except (KeyError, TypeError, AttributeError):
        raise ValueError("it has another form than the JSON API's") from None


@dataclass(frozen=True)
class _Moved:
    """A session of the user's settings that asks `prefix` for what its caller asks of the default index."""

    session: requests.Session
    prefix: str

    def get(self, url: str, timeout: float) -> requests.Response:
        answer = self.session.get(self.prefix + urlsplit(url).path, timeout=timeout)
        if answer.ok and "vulnerabilities" not in answer.json():  # which pip-audit takes for none
            raise ValueError("it says nothing of vulnerabilities")
        return answer


def _finding(item: VulnerabilityResult, release: Release) -> Finding:
    """An advisory; the index does not rate them."""
    name, version = release
    return Finding(
        kind=FindingKind.VULNERABILITY,
        id=item.id,
        aliases=tuple(sorted(item.aliases)),
        severity=Severity.UNKNOWN,
        title=_short(item.description),
        package=name,
        version=version,
        fixed=", ".join(str(fix) for fix in item.fix_versions),
    )


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 120 else f"{words[:117]}..."
