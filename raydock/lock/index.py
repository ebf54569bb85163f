"""Facts of releases, read from a package index (PEP 503, 658, 691 and 700): small requests, never a whole wheel."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import BadZipFile

import requests
import urllib3
from packaging.metadata import RawMetadata, parse_email
from packaging.version import InvalidVersion, Version
from pypi_simple import (
    PYPI_SIMPLE_ENDPOINT,
    DigestMismatchError,
    DistributionPackage,
    NoMetadataError,
    NoSuchProjectError,
    ProjectPage,
    PyPISimple,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)
from remotezip import RemoteZip, RemoteZipError
from requests.adapters import HTTPAdapter

from raydock.errors import ConfigurationError, OutOfReachError
from raydock.model.facts import Facts, Release, Wheel
from raydock.model.matrix import Matrix
from raydock.model.variant import NONE, Axis
from raydock.model.variant import label as label_of
from raydock.model.versions import closest

SOURCE = "package index"
PROJECTS = {"ray": Axis.RAY, "torch": Axis.TORCH, "vllm": Axis.VLLM}

_ENDPOINTS = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "PIP_CERT")
_BUSY = (500, 502, 503, 504)
_ATTEMPTS = 3
_WORKERS = 8
_UNREACHED = (requests.RequestException, RemoteZipError, urllib3.exceptions.HTTPError)
_DAMAGED = (UnsupportedContentTypeError, UnsupportedRepoVersionError, DigestMismatchError, BadZipFile, ValueError)


@dataclass(frozen=True, kw_only=True)
class Index:
    """A package index: its address, a CA bundle of the user's own, and the seconds to wait for each answer."""

    endpoint: str = PYPI_SIMPLE_ENDPOINT
    ca_bundle: str = ""
    timeout: float = 20.0

    @property
    def label(self) -> str:
        """Words for the user, without the credentials that the address may hold."""
        return f"the package index {urlsplit(self.endpoint).hostname}"

    @contextmanager
    def client(self) -> Iterator[PyPISimple]:
        """A client for one thread, which asks again a few times where the index is busy.

        Raises OutOfReachError where the index cannot be reached or its answer cannot be read.
        """
        with PyPISimple(self.endpoint) as client:
            client.s.verify = self.ca_bundle or True
            retry = urllib3.Retry(
                total=_ATTEMPTS - 1, read=0, status_forcelist=_BUSY, backoff_factor=0.2, raise_on_status=False
            )
            for scheme in ("http://", "https://"):
                client.s.mount(scheme, HTTPAdapter(max_retries=retry))
            try:
                yield client
            except _UNREACHED as error:
                raise self._error(f"cannot be used: {_cause(error)}.") from None
            except _DAMAGED as error:
                raise self._error(f"gave an answer that cannot be read: {_cause(error)}.") from None

    def _error(self, what: str) -> OutOfReachError:
        return OutOfReachError(
            f"{self.label} {what}",
            meaning="No facts were changed; plan, lock --check and render go on with those in lockfiles/.",
            todo="check the network and the proxy, or name a mirror in UV_DEFAULT_INDEX, then run this again.",
        )


def from_environment(environment: Mapping[str, str]) -> Index:
    """The index that the user's environment names (UV_DEFAULT_INDEX, UV_INDEX_URL or PIP_INDEX_URL), else the default.

    A CA bundle is taken from REQUESTS_CA_BUNDLE, SSL_CERT_FILE or PIP_CERT, the seconds to wait for an answer from
    UV_HTTP_TIMEOUT. Raises ConfigurationError where the address is not http or https, the bundle does not exist, or
    the seconds are no number.
    """
    named = next((name for name in _ENDPOINTS if environment.get(name)), "")
    endpoint = environment[named] if named else PYPI_SIMPLE_ENDPOINT
    if urlsplit(endpoint).scheme not in {"http", "https"} or not urlsplit(endpoint).hostname:
        raise ConfigurationError(f"{named} does not hold an http or https address.", todo="mend or unset it.")
    variable = next((name for name in _CERTIFICATES if environment.get(name)), "")
    bundle = environment[variable] if variable else ""
    if bundle and not Path(bundle).exists():
        raise ConfigurationError(f"{variable} names {bundle}, which does not exist.", todo="mend or unset it.")
    return Index(endpoint=endpoint, ca_bundle=bundle, timeout=_timeout(environment))


def _timeout(environment: Mapping[str, str]) -> float:
    seconds = environment.get("UV_HTTP_TIMEOUT") or str(Index.timeout)
    if not re.fullmatch(r"\d*\.?\d+", seconds) or not float(seconds):
        raise ConfigurationError(f"UV_HTTP_TIMEOUT is {seconds!r}, no number of seconds.", todo="mend or unset it.")
    return float(seconds)


def refresh(matrix: Matrix, index: Index, today: date, on_progress: Callable[[str], None]) -> Facts:
    """Reads every release that the matrix names, several at once; `on_progress` gets each release's name.

    An index for one CUDA adds torch's builds for that CUDA. Raises ConfigurationError for a version that the default
    index does not have, OutOfReachError where an index fails.
    """
    wanted = {
        project: [version for version in matrix.values(axis) if version != NONE] for project, axis in PROJECTS.items()
    }
    releases: list[Release] = []
    pool = ThreadPoolExecutor(_WORKERS)
    pages = {project: pool.submit(_page, index, project) for project, versions in wanted.items() if versions}
    try:
        jobs = [
            pool.submit(_release, index, project, version, _files(page.result(), project, version), today)
            for project, page in pages.items()
            for version in wanted[project]
        ]
        builds = [
            pool.submit(_builds, replace(index, endpoint=matrix.indexes[label]), label, wanted["torch"], today)
            for label in dict.fromkeys(map(label_of, matrix.values(Axis.CUDA)))
            if label in matrix.indexes
        ]
        for job in as_completed(jobs):
            releases.append(job.result())
            on_progress(str(releases[-1]))
        for release in (release for build in builds for release in build.result()):
            releases.append(release)
            on_progress(str(release))
    finally:
        # Ctrl-C does not wait for an answer of the index.
        pool.shutdown(wait=False, cancel_futures=True)
    return Facts({(release.project, release.version): release for release in releases})


def _page(index: Index, project: str) -> ProjectPage:
    with index.client() as client:
        try:
            return client.get_project_page(project, timeout=index.timeout)
        except NoSuchProjectError:
            raise ConfigurationError(
                f"{index.label} has no project {project!r}.",
                todo="name an index that has it in UV_DEFAULT_INDEX, or unset that variable.",
            ) from None


def _files(page: ProjectPage, project: str, version: str) -> list[DistributionPackage]:
    """The files of one version; ConfigurationError, with the nearest version, where there is none."""
    files = [package for package in page.packages if _same(package.version, version)]
    if not files:
        near = closest(
            version, (package.version for package in page.packages if package.version and _final(package.version))
        )
        hint = f"Did you mean {near!r}?" if near else "The index lists no version of it."
        raise ConfigurationError(f"{project} {version} is not in the package index.", todo=f"{hint} Mend matrix.yaml.")
    return files


def _release(index: Index, project: str, version: str, files: Sequence[DistributionPackage], today: date) -> Release:
    wheels = sorted((file for file in files if _linux(file)), key=lambda file: file.filename)
    said = metadata(index, wheels) if wheels else {}
    days = sorted(file.upload_time.date() for file in files if file.upload_time)
    declared = next((file.requires_python for file in files if file.requires_python), "")
    return Release(
        project=project,
        version=version,
        requires_python=said.get("requires_python", declared),
        requires_dist=tuple(said.get("requires_dist", ())),
        wheels=tuple(_wheel(file) for file in wheels),
        uploaded=days[0].isoformat() if days else "",
        source=SOURCE,
        read=today.isoformat(),
    )


def _builds(index: Index, label: str, versions: Iterable[str], today: date) -> list[Release]:
    """What the index of one CUDA offers of torch as builds for that CUDA, which are local versions (PEP 440)."""
    with index.client() as client:
        try:
            files = client.get_project_page("torch", timeout=index.timeout).packages
        except NoSuchProjectError:
            return []
    builds = [f"{version}+{label}" for version in versions]
    found = {build: [file for file in files if _same(file.version, build)] for build in builds}
    return [
        replace(_release(index, "torch", build, offered, today), source=f"{SOURCE} {label}")
        for build, offered in found.items()
        if offered
    ]


def _wheel(file: DistributionPackage) -> Wheel:
    return Wheel(
        filename=file.filename,
        size=file.size or 0,
        sha256=file.digests.get("sha256", ""),
        yanked=file.is_yanked,
    )


def metadata(index: Index, wheels: Iterable[DistributionPackage]) -> RawMetadata:
    """The core metadata of a release: by PEP 658 where the index offers it, else out of its smallest wheel's end."""
    wheel = min(wheels, key=lambda file: (file.is_yanked, file.size or 0, file.filename))
    with index.client() as client:
        if wheel.has_metadata:
            try:
                verify = bool(wheel.metadata_digests)
                return parse_email(client.get_package_metadata_bytes(wheel, verify=verify, timeout=index.timeout))[0]
            except NoMetadataError:
                pass  # promised and not there: the wheel itself has it
        with RemoteZip(wheel.url, session=client.s, timeout=index.timeout) as archive:
            found = [name for name in archive.namelist() if _is_metadata(name)]
            if len(found) != 1:
                raise BadZipFile(f"{wheel.filename} holds {len(found)} METADATA files, not one")
            return parse_email(archive.read(found[0]))[0]


def _is_metadata(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return file == "METADATA" and folder.endswith(".dist-info") and "/" not in folder


def _linux(file: DistributionPackage) -> bool:
    """Whether a file is a wheel that a glibc Linux on x86-64 may install (PEP 600, or no platform at all)."""
    platforms = file.filename.removesuffix(".whl").rpartition("-")[2].split(".")
    return file.package_type == "wheel" and any(
        platform == "any" or (platform.startswith("manylinux") and platform.endswith("_x86_64"))
        for platform in platforms
    )


def _final(version: str) -> bool:
    try:
        return not Version(version).is_prerelease
    except InvalidVersion:
        return False


def _same(version: str | None, wanted: str) -> bool:
    try:
        return version is not None and Version(version) == Version(wanted)
    except InvalidVersion:
        return False


def _cause(error: Exception) -> str:
    """What went wrong, in a few words and without the address, which may hold credentials."""
    if isinstance(error, requests.HTTPError):
        return f"it answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.JSONDecodeError):
        return "its answer is no JSON"
    text = str(error)
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError) or "timed out" in text.lower():
        return "it gave no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted here (SSL_CERT_FILE or REQUESTS_CA_BUNDLE names your CA)"
    if isinstance(error, requests.ConnectionError):
        return "no connection could be made"
    return text if "://" not in text else type(error).__name__
