"""Send requests to one registry, with credentials, TLS and retries."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from raydock.core.cabundle import ca_bundle
from raydock.core.errors import OutOfReachError
from raydock.core.http import BUSY, PatientSession, RetryPolicy
from raydock.registry import errors
from raydock.registry.challenges import Challenge, challenges, scope
from raydock.registry.credentials import RegistryLogin, login
from raydock.registry.name import Name

_READS = frozenset({"GET", "HEAD"})


def _authorize(header: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """An authentication of requests that sets the Authorization header, if any.

    It also keeps requests from reading ~/.netrc.
    """

    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if header:
            request.headers["Authorization"] = header
        return request

    return authorize


class _Session(PatientSession):
    """Follows a redirect to another host without credentials: neither the registry's nor those of ~/.netrc."""

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        # Storage hosts refuse a signed URL together with an Authorization header.
        if _origin(response.url) != _origin(prepared_request.url or ""):
            prepared_request.headers.pop("Authorization", None)


def _origin(url: str) -> tuple[str, str]:
    """The scheme and the host with its port."""
    return urlsplit(url)[:2]


@dataclass(kw_only=True)
class RegistryTransport:
    """The connection to a registry.

    Attributes:
        name: a repository of the registry.
        insecure: whether plain HTTP and certificates of unknown authorities are allowed.
        pushes: whether to request tokens that may push for reading too, as Docker's engine does for a push. Some
            registries (Quay) refuse to read a repository that does not exist, unless the token may create it (source:
            ambient-code/platform issue 669, read 2026-11-29).
        patience: the timeouts and retries.
    """

    name: Name
    insecure: bool = False
    pushes: bool = False
    patience: RetryPolicy = field(default_factory=RetryPolicy)
    _base: str = ""
    _basic: str = ""
    _date: str = ""
    _headers: dict[tuple[str, bool], str] = field(default_factory=dict)
    _session: PatientSession = field(init=False)

    def __post_init__(self) -> None:
        self._session = _Session(self.patience)
        self._session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=16))
        self._session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=16))
        # A proxy that compresses an answer removes its Content-Length, or sets it to the compressed size.
        self._session.headers["Accept-Encoding"] = "identity"

    @property
    def plain(self) -> bool:
        """Whether the registry answered over plain HTTP."""
        return self._base.startswith("http:")

    def connect(self) -> None:
        """Find out the registry's scheme and authentication.

        Raises OutOfReachError if no registry answers.
        """
        if self._base:
            return
        try:
            self._base = self._find_base("https")
        except errors.UnencryptedError:
            if not (self.insecure or self.name.loopback):
                raise OutOfReachError(
                    f"{self.name.host} does not support TLS.",
                    meaning="Credentials and images could be read and changed on the network.",
                    todo="give the registry a certificate, or allow plain HTTP with --insecure-registry.",
                ) from None
            self._base = self._find_base("http")

    def check_clock(self) -> None:
        """Compare this machine's clock with the registry's at the first request.

        Raises OutOfReachError if they differ by more than a day.
        """
        errors.check_clock(self.name, self._date)

    def _find_base(self, scheme: str) -> str:
        """The base URL of the registry with this scheme."""
        base = f"{scheme}://{self.name.api}/v2/"
        with self._reached("checking that it answers"):
            answer = self._send("GET", base)
        if answer.status_code not in {200, 401}:
            raise OutOfReachError(
                f"{self.name.host} does not answer like a registry: {base} returns {answer.status_code}.",
                todo="check its name and port.",
            )
        offered = challenges(answer.headers.get("WWW-Authenticate", ""))
        if offered and all(challenge.scheme != "bearer" for challenge in offered):
            known = login(self.name.host)
            self._basic = known.basic if known else ""
        self._date = answer.headers.get("Date", "")
        return base

    def request(
        self,
        method: str,
        path: str,
        *,
        doing: str,
        repository: str,
        expect: frozenset[int] | None = frozenset({200}),
        **options: Any,
    ) -> requests.Response:
        """The registry's answer to a request for `path`, relative to /v2/.

        doing: what the request does, for error messages.
        expect: the accepted status codes; None for any.
        options: `headers`, `data` and `stream` of `requests.request`.

        Raises RefusedError, with the registry's own message, if the status is a different one, OutOfReachError if the
        registry does not answer.
        """
        self.connect()
        url = urljoin(self._base, path)
        with self._reached(doing):
            answer = self._authorized(method, url, repository, **options)
        if expect is not None and answer.status_code not in expect:
            raise errors.refused(Name(host=self.name.host, path=repository), answer, doing)
        return answer

    def _authorized(self, method: str, url: str, repository: str, **options: Any) -> requests.Response:
        """Send a request; with credentials if the registry requires them.

        Without known credentials, the first request has none.
        """
        write = self.pushes or method not in _READS
        key = (repository, write)
        answer = self._send(method, url, self._headers.get(key, self._basic), **options)
        if answer.status_code == 401 and (header := answer.headers.get("WWW-Authenticate", "")):
            self._headers[key] = self._answer(challenges(header), repository, write=write)
            answer = self._send(method, url, self._headers[key], **options)
        return answer

    def _answer(self, offered: list[Challenge], repository: str, *, write: bool) -> str:
        """The Authorization header for challenges.

        A Bearer token from the named token server, or Basic.
        """
        known = login(self.name.host)
        for challenge in offered:
            realm = challenge.fields.get("realm", "")
            if challenge.scheme == "bearer" and (realm.startswith("https:") or self.plain or self.insecure):
                service = {"service": challenge.fields["service"]} if "service" in challenge.fields else {}
                required = scope(challenge.fields.get("scope", ""), repository, write=write)
                return self._token(realm, service | {"scope": required}, known, repository)
        if any(challenge.scheme == "basic" for challenge in offered):
            return known.basic if known else ""
        raise OutOfReachError(
            f"{self.name.host} requires an authentication that raydock does not support, or that is not safe "
            f"({', '.join(challenge.scheme for challenge in offered) or 'none named'}).",
            todo="configure the registry for Basic authentication, or for a token server with TLS.",
        )

    def _token(self, realm: str, fields: dict[str, str], known: RegistryLogin | None, repository: str) -> str:
        """Get a token by distribution's token authentication, or by OAuth2 if Docker has an identity token."""
        if known and known.token:
            form = {**fields, "grant_type": "refresh_token", "refresh_token": known.token, "client_id": "raydock"}
            answer = self._send("POST", realm, data=form)
        else:
            given = _authorize(known.basic if known else "")
            answer = self._session.get(realm, params=fields, auth=given, verify=self.verify)
        if answer.status_code in BUSY:
            raise requests.ConnectionError(f"the token server answered {answer.status_code}")
        if not answer.ok and known:
            name = Name(host=self.name.host, path=repository)
            raise errors.refused(name, answer, f"getting a token from {urlsplit(realm).netloc}")
        try:
            document = answer.json() if answer.ok else {}
            token = document.get("token") or document.get("access_token") or ""
        except (ValueError, AttributeError):
            token = ""
        return f"Bearer {token}" if token else ""

    def _send(self, method: str, url: str, authorization: str = "", **options: Any) -> requests.Response:
        # An upload may go to a different host, or over plain HTTP: the credentials must not be sent there.
        ours = bool(self._base) and _origin(url) == _origin(self._base)
        auth = _authorize(authorization if ours else "")
        return self._session.request(method, url, auth=auth, verify=self.verify, **options)

    @property
    def verify(self) -> bool | str:
        """The file of trusted authorities.

        True for the default ones, False to accept any certificate.
        """
        own = errors.authority(self.name)
        bundle = own if own.is_file() else ca_bundle()
        return False if self.insecure else str(bundle) if bundle else True

    @contextmanager
    def _reached(self, doing: str) -> Iterator[None]:
        """Requests whose failures raise what the user can do about them."""
        try:
            yield
        except requests.exceptions.SSLError as error:
            raise errors.untrusted(self.name, error, doing) from None
        except requests.RequestException as error:
            raise errors.silent(self.name, error, doing) from None
