"""Requests to one registry: credentials, TLS, patience, and errors in words."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urljoin

import requests
from requests.auth import AuthBase

from raydock.build.secrets import ca_bundle
from raydock.errors import OutOfReachError
from raydock.ship.registry import trouble
from raydock.ship.registry.credentials import Login, login
from raydock.ship.registry.name import Name

AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds for a connection and for each read, and the pauses before a request is sent again."""

    connect: float = 10.0
    read: float = 30.0
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0)
    # A server's Retry-After is kept up to here.
    longest: float = 30.0


class _Given(AuthBase):
    """Puts the header that we have, if any, and keeps requests from reading ~/.netrc."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._header:
            request.headers["Authorization"] = self._header
        return request


@dataclass(kw_only=True)
class Transport:
    """A registry's host. `insecure` allows plain HTTP and certificates that nobody vouches for."""

    name: Name
    insecure: bool = False
    patience: Patience = field(default_factory=Patience)
    _base: str = ""
    _basic: str = ""
    _date: str = ""
    _headers: dict[tuple[str, bool], str] = field(default_factory=dict)
    _session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self._session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=16))
        self._session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=16))

    @property
    def plain(self) -> bool:
        """Whether the registry answered over plain HTTP."""
        return self._base.startswith("http:")

    def connect(self) -> None:
        """Finds out how the registry speaks. Raises OutOfReachError where nobody answers as one."""
        if self._base:
            return
        try:
            self._base = self._found("https")
        except trouble.UnencryptedError:
            if not (self.insecure or self.name.loopback):
                raise OutOfReachError(
                    f"{self.name.host} does not speak TLS.",
                    meaning="Whoever is between could read the credentials and change the images.",
                    todo="give the registry a certificate, or allow it with --insecure-registry.",
                ) from None
            self._base = self._found("http")

    def hold_clock(self) -> None:
        """Raises OutOfReachError where this machine's clock was far from the registry's when they first spoke."""
        if error := trouble.apart(self.name, self._date, datetime.now(UTC)):
            raise error

    def _found(self, scheme: str) -> str:
        """The address below which the registry answers by a scheme."""
        base = f"{scheme}://{self.name.api}/v2/"
        answer = self._patiently(lambda: self._send("GET", base), "asking whether it is there")
        if answer.status_code not in {200, 401}:
            raise OutOfReachError(
                f"{self.name.host} does not answer as a registry: {base} gives {answer.status_code}.",
                todo="look whether its name and port are right.",
            )
        if answer.headers.get("WWW-Authenticate", "").lower().startswith("basic"):
            self._basic = self._answer("Basic")
        self._date = answer.headers.get("Date", "")
        return base

    def request(
        self,
        method: str,
        path: str,
        *,
        doing: str,
        repository: str,
        expect: frozenset[int] = frozenset({200}),
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> requests.Response:
        """A registry's answer with one of the `expect`ed codes to a request for `path`, relative to /v2/.

        Raises OutOfReachError for anything else, with what was being done and the registry's own words.
        """
        self.connect()
        url = urljoin(self._base, path)
        answer = self._patiently(lambda: self._authorized(method, url, repository, headers, data), doing)
        if answer.status_code not in expect:
            raise trouble.refused(self.name, answer, doing)
        return answer

    def _authorized(
        self, method: str, url: str, repository: str, headers: Mapping[str, str] | None, data: bytes | None
    ) -> requests.Response:
        """Sends a request, and once more with credentials where the registry asks for some."""
        key = (repository, method in {"GET", "HEAD"})
        answer = self._send(method, url, self._headers.get(key, self._basic), headers, data)
        if answer.status_code == 401 and (challenge := answer.headers.get("WWW-Authenticate", "")):
            self._headers[key] = self._answer(challenge)
            answer = self._send(method, url, self._headers[key], headers, data)
        return answer

    def _answer(self, challenge: str) -> str:
        """The Authorization header for a challenge: Basic, or a Bearer token of the server that it names."""
        known = login(self.name.host)
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic":
            return known.basic if known else ""
        fields = dict(_CHALLENGE.findall(rest))
        realm = fields.get("realm", "")
        if scheme.lower() != "bearer" or not (realm.startswith("https:") or self.plain or self.insecure):
            raise OutOfReachError(
                f"{self.name.host} asks for credentials in a way that cannot be answered safely ({scheme}).",
                todo="ask its owner for one that takes Basic, or a token server with TLS.",
            )
        return self._token(realm, {key: fields[key] for key in ("service", "scope") if key in fields}, known)

    def _token(self, realm: str, asked: dict[str, str], known: Login | None) -> str:
        """A token (distribution's token authentication; OAuth2 where Docker keeps an identity token)."""
        verify, limits = self.verify, (self.patience.connect, self.patience.read)
        if known and known.token:
            form = {**asked, "grant_type": "refresh_token", "refresh_token": known.token, "client_id": "raydock"}
            answer = self._session.post(realm, data=form, auth=_Given(""), verify=verify, timeout=limits)
        else:
            given = _Given(known.basic if known else "")
            answer = self._session.get(realm, params=asked, auth=given, verify=verify, timeout=limits)
        if answer.status_code in AGAIN:
            raise requests.ConnectionError(f"the token server answered {answer.status_code}")
        try:
            document = answer.json() if answer.ok else {}
        except ValueError:
            document = {}
        token = document.get("token") or document.get("access_token") or ""
        return f"Bearer {token}" if token else ""

    def _send(
        self,
        method: str,
        url: str,
        authorization: str = "",
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> requests.Response:
        # An upload may go elsewhere than to the registry, or by plain HTTP: that must not see our credentials.
        ours = bool(self._base) and url.startswith(self._base)
        return self._session.request(
            method,
            url,
            headers=headers,
            data=data,
            auth=_Given(authorization if ours else ""),
            verify=self.verify,
            timeout=(self.patience.connect, self.patience.read),
        )

    @property
    def verify(self) -> bool | str:
        """The file of the authorities that a certificate must come from; True: the usual ones; False: any will do."""
        own = trouble.authority(self.name)
        bundle = own if own.is_file() else ca_bundle()
        return False if self.insecure else str(bundle) if bundle else True

    def _patiently(self, send: Callable[[], requests.Response], doing: str) -> requests.Response:
        """Sends until the registry gives an answer that stands, or for the last time."""
        for pause in (*self.patience.pauses, None):
            try:
                answer = send()
            except requests.exceptions.SSLError as error:
                raise trouble.untrusted(self.name, error, doing) from None
            except requests.RequestException as error:
                if pause is None:
                    raise trouble.silent(self.name, error, doing) from None
                time.sleep(pause)
                continue
            if answer.status_code not in AGAIN or pause is None:
                return answer
            time.sleep(max(pause, self._retry_after(answer)))
        raise AssertionError("unreachable")

    def _retry_after(self, answer: requests.Response) -> float:
        words = answer.headers.get("Retry-After", "")
        return min(float(words), self.patience.longest) if words.isdigit() else 0.0
