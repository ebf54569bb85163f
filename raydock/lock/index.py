"""A package index (PEP 503, 691 and 700): where it is, how it is asked, and what its failures mean."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import BadZipFile

import requests
import urllib3
from pypi_simple import (
    PYPI_SIMPLE_ENDPOINT,
    DigestMismatchError,
    PyPISimple,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)
from remotezip import RemoteZipError
from requests.adapters import HTTPAdapter

from raydock.errors import ConfigurationError, OutOfReachError

_ENDPOINTS = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "PIP_CERT")
_BUSY = (500, 502, 503, 504)
_ATTEMPTS = 3
_PAUSE = 0.2  # seconds, by which urllib3 waits not at all before the second attempt, and twice before the third
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
                total=_ATTEMPTS - 1, read=0, status_forcelist=_BUSY, backoff_factor=_PAUSE, raise_on_status=False
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
