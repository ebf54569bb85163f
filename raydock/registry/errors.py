"""Errors of registries, with messages for the user."""

import json
import re
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import requests

from raydock.core.cabundle import CA_VARIABLES
from raydock.core.errors import OutOfReachError, RaydockError
from raydock.registry.credentials import login
from raydock.registry.name import Name
from raydock.registry.refusals import RefusalCause, cause_of

_PLAIN = ("WRONG_VERSION_NUMBER", "record layer failure", "HTTP_REQUEST")


class UnencryptedError(RaydockError):
    """The server does not support TLS."""


def authority(name: Name) -> Path:
    """The file in which Docker's engine looks for a registry's authority."""
    return Path("/etc/docker/certs.d", name.host, "ca.crt")


def untrusted(name: Name, error: requests.exceptions.SSLError, doing: str) -> RaydockError:
    """The error for a failed TLS handshake.

    UnencryptedError, or an untrusted certificate.
    """
    message = str(error)
    if any(text in message for text in _PLAIN):
        return UnencryptedError(f"{name.host} does not support TLS.")
    reason = _certificate(error)
    if "expired" in reason or "not yet valid" in reason:
        now = datetime.now(UTC)
        todo = f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC: set the clock, or renew the certificate."
    else:
        todo = (
            f"set {CA_VARIABLES[0]} to the authority's certificates, or put them into "
            f"{authority(name)}, where the engine finds them too; or use --insecure-registry."
        )
    return OutOfReachError(f"the certificate of {name.host} is not trusted: {reason} (while {doing}).", todo=todo)


def check_clock(name: Name, date: str) -> None:
    """Compare this machine's clock with the registry's.

    date: the registry's Date header (RFC 9110).

    Raises OutOfReachError if they differ by more than a day.
    """
    now = datetime.now(UTC)
    try:
        theirs = parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        return
    if abs(now - theirs) <= timedelta(days=1):
        return
    raise OutOfReachError(
        f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC, and that of {name.host} {theirs:%Y-%m-%d %H:%M} UTC.",
        meaning="The release would get a wrong date, and the dates in scan.yaml would be wrong. Nothing was pushed.",
        todo="set the clock that is wrong, then run this again.",
    )


def silent(name: Name, error: Exception, doing: str) -> OutOfReachError:
    """The error for a registry that does not answer."""
    late = isinstance(error, requests.Timeout)
    problem = "did not answer in time" if late else f"cannot be reached: {_cause(error)}"
    start = "start one on this host (docs/how-to/publish.md), or " if name.loopback else ""
    return OutOfReachError(
        f"{name.host} {problem} while {doing}.",
        todo=f"{start}check that the registry runs and that its name is correct, then run this again: finished steps"
        " are kept.",
    )


class RefusedError(OutOfReachError):
    """A registry answered with a refusal.

    Attributes:
        status: the HTTP status.
        cause: why it refuses.
    """

    def __init__(self, what: str, *, status: int, cause: RefusalCause, todo: str, meaning: str = "") -> None:
        super().__init__(what, meaning=meaning, todo=todo)
        self.status, self.cause = status, cause


def refused(name: Name, answer: requests.Response, doing: str) -> RefusedError:
    """The error for a refusal.

    It has the registry's own message and the setting that fixes it.
    """
    status, message = answer.status_code, _message(answer)
    cause, todo = cause_of(name, status, f"{status} {message}")
    what = f"{name.host} {_refusal(name, cause, status, doing)}: {status} {message}".rstrip(" .")
    return RefusedError(f"{what}.", status=status, cause=cause, todo=todo)


def _refusal(name: Name, cause: RefusalCause, status: int, doing: str) -> str:
    if cause is RefusalCause.LOGIN and status == 401:
        subject = "the credentials that Docker has for it" if login(name.host) else "requests without credentials"
        return f"refuses {subject} while {doing}"
    if cause is RefusalCause.DISK:
        return f"failed while {doing} because its disk is full"
    return f"failed while {doing}" if status >= 500 else f"does not allow {doing}"


def _certificate(error: Exception) -> str:
    """Why a certificate was refused, as OpenSSL reports it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        reason = getattr(cause, "reason", None) or (cause.args[0] if cause.args else None)
        cause = reason if isinstance(reason, BaseException) else cause.__cause__
    return str(error)[:200]


def _cause(error: Exception) -> str:
    match = re.search(r"\[Errno -?\d+\] ([^'\")]+)", str(error))
    return match[1] if match else type(error).__name__


def _message(answer: requests.Response) -> str:
    """The registry's own codes and messages as one line; of an HTML page, its title."""
    try:
        message = "; ".join(_error(error) for error in answer.json()["errors"])
    except (ValueError, KeyError, TypeError, AttributeError):
        title = re.search(r"<title>(.*?)</title>", answer.text, re.IGNORECASE | re.DOTALL)
        message = title[1] if title else answer.text
    message = " ".join((message or answer.reason or "").split())[:400]
    retry_after = answer.headers.get("Retry-After", "")
    return f"{message} (Retry-After: {retry_after})" if retry_after else message


def _error(error: dict[str, Any]) -> str:
    detail = error.get("detail") or ""
    parts = (error.get("code"), error.get("message"), detail if isinstance(detail, str) else json.dumps(detail))
    return " ".join(str(part) for part in parts if part)
