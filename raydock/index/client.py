"""The client of a package index (PEP 503, 691, 658 and 700), and its errors."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from threading import local
from typing import IO
from urllib.parse import urlsplit
from zipfile import BadZipFile, ZipFile

import requests
import urllib3
from pypi_simple import (
    PYPI_SIMPLE_ENDPOINT,
    DigestMismatchError,
    DistributionPackage,
    NoMetadataError,
    PyPISimple,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)
from pypi_simple.client import USER_AGENT
from remotezip import RemoteZip, RemoteZipError
from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import get_netrc_auth

from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.core.events import Listener, silent
from raydock.core.http import PatientSession, RetryPolicy, retry_after
from raydock.index import addresses, page
from raydock.index.addresses import Address
from raydock.index.page import NotAnIndexPageError, Page

_UNREACHED = (requests.RequestException, RemoteZipError, urllib3.exceptions.HTTPError)
_DAMAGED = (UnsupportedContentTypeError, UnsupportedRepoVersionError, DigestMismatchError, BadZipFile, ValueError)
_REFUSED = (requests.codes.unauthorized, requests.codes.forbidden)
_CHUNK = 1 << 20
# The order matters: some exceptions are subclasses of a later one.
_CAUSES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (requests.JSONDecodeError, "its answer is not JSON"),
    (UnsupportedContentTypeError, "its content type is not one of a package index (PEP 503 and PEP 691 name them)"),
    (
        NotAnIndexPageError,
        "it answered with a web page that is not a page of a package index, such as a login page or a proxy's page",
    ),
    (requests.TooManyRedirects, "it redirects in a loop"),
    ((requests.Timeout, urllib3.exceptions.TimeoutError), "it gave no answer in time"),
    (
        requests.exceptions.SSLError,
        "its certificate is not trusted here (SSL_CERT_FILE or REQUESTS_CA_BUNDLE names your CA)",
    ),
    (requests.ConnectionError, "no connection could be made"),
)


@dataclass(frozen=True, kw_only=True)
class Index:
    """A package index.

    Attributes:
        address: its address and credentials.
        needed: the project that it must have.
        ca_bundle: the path of the user's CA bundle; empty for the default one.
        timeout: the time limit of each answer, in seconds.
        listener: gets a message before raydock waits for the index.
    """

    address: Address = field(default_factory=lambda: Address(url=PYPI_SIMPLE_ENDPOINT))
    needed: str = "ray"
    ca_bundle: str = ""
    timeout: float = 20.0
    listener: Listener = field(default=silent, repr=False, compare=False)
    # One client per thread, which keeps its connection: a handshake takes longer than most answers.
    _clients: local = field(default_factory=local, init=False, repr=False, compare=False)

    def for_cuda(self, label: str, url: str) -> "Index":
        """The index that matrix.yaml names for a CUDA, with the settings of this one.

        It must have torch.
        """
        return replace(self, address=addresses.for_cuda(label, url, self.address.environment), needed="torch")

    def page(self, project: str) -> Page:
        """The page of a project; empty if the index does not have the project.

        Some indexes are object stores and answer 403 for missing projects (PyTorch's index does), so 403 means the same
        as 404, except for the project that the index must have. Raises OutOfReachError if the index cannot be read.
        """
        with self.client() as client:
            url, accept = client.get_project_url(project), {"Accept": client.accept}
            response = client.s.get(url, headers=accept)
            refused = response.status_code == requests.codes.forbidden and project != self.needed
            if refused or response.status_code == requests.codes.not_found:
                return Page(refused=refused)
            response.raise_for_status()
            return page.read(response, project)

    def metadata(self, wheel: DistributionPackage) -> bytes:
        """The core metadata of a wheel.

        It is read from the metadata file (PEP 658), otherwise from the end of the wheel, otherwise from the whole wheel
        if the index does not support range requests (devpi-server 6.20 does not). Raises OutOfReachError if the index
        cannot be read.
        """
        with self.client() as client:
            if wheel.has_metadata:
                try:
                    verify = bool(wheel.metadata_digests)
                    return bytes(client.get_package_metadata_bytes(wheel, verify=verify))
                except (NoMetadataError, requests.HTTPError):
                    pass  # listed, but missing: read it from the wheel
            try:
                with RemoteZip(wheel.url, session=client.s) as archive:
                    return _metadata(archive, wheel.filename)
            except RemoteZipError:
                self.listener(self.address.label, f"does not support range requests; reading all of {wheel.filename}")
                with TemporaryFile() as file:
                    self._copy(client, wheel.url, file)
                    return _metadata(ZipFile(file), wheel.filename)

    def download(self, file: DistributionPackage, target: IO[bytes]) -> None:
        """Writes the bytes of a file to `target`.

        Raises OutOfReachError if the index cannot be read.
        """
        with self.client() as client:
            self._copy(client, file.url, target)

    def _copy(self, client: PyPISimple, url: str, target: IO[bytes]) -> None:
        with client.s.get(url, stream=True) as response:
            response.raise_for_status()
            for chunk in response.iter_content(_CHUNK):
                target.write(chunk)

    @contextmanager
    def client(self) -> Iterator[PyPISimple]:
        """The client of this thread, which repeats requests if the index is busy.

        Raises OutOfReachError if the index cannot be reached or its answer cannot be read.
        """
        client: PyPISimple | None = getattr(self._clients, "client", None)
        if client is None:
            client = self._clients.client = self._open()
        try:
            yield client
        except _UNREACHED as error:
            raise self._error(f"cannot be used: {self._cause(error)}.", self._todo(error)) from None
        except _DAMAGED as error:
            raise self._error(f"gave an answer that cannot be read: {self._cause(error)}.") from None

    def _open(self) -> PyPISimple:
        # UV_HTTP_TIMEOUT limits the time of an answer, so a request that timed out is not repeated.
        policy = RetryPolicy(connect=self.timeout, read=self.timeout, silence=False)
        session = PatientSession(policy, lambda line: self.listener(self.address.label, line))
        session.headers["User-Agent"] = USER_AGENT
        session.verify = self.ca_bundle or True
        session.auth = _Credentials(self.address)
        return PyPISimple(self.address.url, session=session)

    def _error(self, what: str, todo: str = "") -> OutOfReachError:
        return OutOfReachError(
            f"{self.address.label} {what}",
            meaning="No facts were changed; plan, lock --check and render still work with those in lockfiles/.",
            todo=todo or "check the network and the proxy, or name a mirror in UV_DEFAULT_INDEX, then run this again.",
        )

    def _todo(self, error: Exception) -> str:
        """The next step if the index refuses the credentials or shows a web page; empty for other errors."""
        if isinstance(error, NotAnIndexPageError):
            return (
                f"check the address in {self.address.source or 'UV_DEFAULT_INDEX'} (it often ends with /simple); give"
                " credentials if the index requires a login, or add its host to NO_PROXY if a proxy shows the page"
                " (docs/how-to/restricted-networks.md); then run this again."
            )
        status = error.response.status_code if isinstance(error, requests.HTTPError) else 0
        if status not in _REFUSED:
            return ""
        name = re.sub(r"[^A-Z0-9]", "_", (self.address.aliases or (self.address.name,))[0].upper())
        login = self.address.login
        step = f"fix the credentials from {login.source or 'its address'}" if login else "set credentials"
        return (
            f"{step}: UV_INDEX_{name}_USERNAME and UV_INDEX_{name}_PASSWORD, ~/.netrc, or keyring"
            " (docs/how-to/restricted-networks.md); or name a different index in"
            f" {self.address.source or 'UV_DEFAULT_INDEX'}."
        )

    def _cause(self, error: Exception) -> str:
        """The cause of an error as a short phrase.

        It has no addresses, because they can contain credentials.
        """
        if isinstance(error, requests.HTTPError):
            answer = error.response
            later = f" and asks to wait {seconds:.0f} s" if (seconds := retry_after(answer)) else ""
            cause = f"it answered {answer.status_code} {answer.reason}{later}"
        elif "timed out" in str(error).lower():
            cause = "it gave no answer in time"
        else:
            cause = next((cause for kinds, cause in _CAUSES if isinstance(error, kinds)), "")
        if not cause:
            return str(error) if "://" not in str(error) else type(error).__name__
        # The index redirected to a different host, or its files are stored there.
        request = getattr(error, "request", None)
        host = urlsplit(getattr(request, "url", "") or "").netloc.rpartition("@")[2]
        return cause if host in {"", urlsplit(self.address.url).netloc} else f"{cause} at {host}, to which it refers"


@dataclass(frozen=True)
class _Credentials(AuthBase):
    """Sends the credentials of the index only to its own host.

    Other hosts get the credentials in netrc.

    Attributes:
        address: the address of the index.
    """

    address: Address

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url, own = urlsplit(request.url or ""), urlsplit(self.address.url)
        if (url.scheme, url.netloc) == (own.scheme, own.netloc):
            login = self.address.login
            credentials = (login.user, login.password) if login else None
        else:
            credentials = get_netrc_auth(request.url or "")
        if credentials is not None:
            user, password = (text.encode() for text in credentials)
            HTTPBasicAuth(user, password)(request)
        return request


def from_environment(environment: Mapping[str, str], listener: Listener = silent) -> Index:
    """The index of the environment or the files of pip and uv.

    See addresses.default; without a setting, it is PyPI. The CA bundle is that of REQUESTS_CA_BUNDLE, SSL_CERT_FILE or
    PIP_CERT, the timeout that of UV_HTTP_TIMEOUT. Raises ConfigurationError if the address is not http or https, the
    bundle does not exist, or the timeout is not a number.
    """
    variable = next((name for name in addresses.CA_VARIABLES if environment.get(name)), "")
    bundle = environment[variable] if variable else ""
    if bundle and not Path(bundle).exists():
        raise ConfigurationError(f"{variable} names {bundle}, which does not exist.", todo="fix or unset it.")
    address = addresses.default(environment) or Address(url=PYPI_SIMPLE_ENDPOINT, environment=environment)
    return Index(address=address, ca_bundle=bundle, timeout=_timeout(environment), listener=listener)


def _timeout(environment: Mapping[str, str]) -> float:
    seconds = environment.get("UV_HTTP_TIMEOUT") or str(Index.timeout)
    if not re.fullmatch(r"\d*\.?\d+", seconds) or not float(seconds):
        raise ConfigurationError(
            f"UV_HTTP_TIMEOUT is {seconds!r}, which is not a number of seconds.", todo="fix or unset it."
        )
    return float(seconds)


def _metadata(archive: ZipFile, filename: str) -> bytes:
    names = [name for name in archive.namelist() if re.fullmatch(r"[^/]*\.dist-info/METADATA", name)]
    if len(names) != 1:
        raise BadZipFile(f"{filename} has {len(names)} METADATA files instead of one")
    return archive.read(names[0])
