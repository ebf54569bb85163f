"""What can go wrong with a registry, in words for the user."""

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
    """The other side does not speak TLS."""


def authority(name: Name) -> Path:
    """Where Docker's engine looks for a registry's own certificate authority."""
    return Path("/etc/docker/certs.d", name.host, "ca.crt")


def untrusted(name: Name, error: requests.exceptions.SSLError, doing: str) -> RaydockError:
    """Why TLS did not come about: UnencryptedError, or a certificate that is not trusted."""
    words = str(error)
    if any(word in words for word in _PLAIN):
        return UnencryptedError(f"{name.host} does not speak TLS.")
    reason = _certificate(error)
    if "expired" in reason or "not yet valid" in reason:
        todo = f"this machine's clock says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: set it, or renew the certificate."
    else:
        todo = (
            f"name the authority's certificates in {CA_VARIABLES[0]}, or put them into "
            f"{authority(name)}, where the engine finds them too; or --insecure-registry."
        )
    return OutOfReachError(f"{name.host} is not trusted while {doing}: {reason}.", todo=todo)


def apart(name: Name, date: str, now: datetime) -> OutOfReachError | None:
    """A clock that is more than a day from the registry's, whose Date header (RFC 9110) is given; None where it is not,
    or nobody can tell."""
    try:
        theirs = parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        return None
    if abs(now - theirs) <= timedelta(days=1):
        return None
    return OutOfReachError(
        f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC, and that of {name.host} {theirs:%Y-%m-%d %H:%M} UTC.",
        meaning="A release would have the wrong day, and scan.yaml's days would be counted wrong. Nothing was pushed.",
        todo="set the clock that is wrong, then run this again.",
    )


def silent(name: Name, error: Exception, doing: str) -> OutOfReachError:
    """A registry that gave no answer."""
    late = isinstance(error, requests.Timeout)
    words = "gave no answer in time" if late else f"cannot be reached: {_cause(error)}"
    return OutOfReachError(
        f"{name.host} {words} while {doing}.",
        todo="look whether the registry runs and its name is right, then run this again: what is done stays done.",
    )


class RefusedError(OutOfReachError):
    """A registry answered, and refused. `status` is the HTTP status, `cause` what it refuses for."""

    def __init__(self, what: str, *, status: int, cause: RefusalCause, todo: str, meaning: str = "") -> None:
        super().__init__(what, meaning=meaning, todo=todo)
        self.status, self.cause = status, cause


def refused(name: Name, answer: requests.Response, doing: str) -> RefusedError:
    """A registry's refusal, with its own message and the setting that changes it."""
    status, message = answer.status_code, _message(answer)
    cause, todo = cause_of(name, status, f"{status} {message}")
    what = f"{name.host} {_refusal(name, cause, status, doing)}: {status} {message}".rstrip(" .")
    return RefusedError(f"{what}.", status=status, cause=cause, todo=todo)


def _refusal(name: Name, cause: RefusalCause, status: int, doing: str) -> str:
    if cause is RefusalCause.LOGIN and status == 401:
        whose = "the credentials that Docker has for it" if login(name.host) else "requests without credentials"
        return f"refuses {whose} while {doing}"
    if cause is RefusalCause.DISK:
        return f"failed while {doing}, since its disk is full"
    return f"failed while {doing}" if status >= 500 else f"does not allow {doing}"


def _certificate(error: Exception) -> str:
    """Why a certificate was refused, in OpenSSL's words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        reason = getattr(cause, "reason", None) or (cause.args[0] if cause.args else None)
        cause = reason if isinstance(reason, BaseException) else cause.__cause__
    return str(error)[:200]


def _cause(error: Exception) -> str:
    found = re.search(r"\[Errno -?\d+\] ([^'\")]+)", str(error))
    return found[1] if found else type(error).__name__


def _message(answer: requests.Response) -> str:
    """The registry's own codes and messages, as one line; a page of HTML by its title."""
    try:
        message = "; ".join(_error(item) for item in answer.json()["errors"])
    except (ValueError, KeyError, TypeError, AttributeError):
        title = re.search(r"<title>(.*?)</title>", answer.text, re.IGNORECASE | re.DOTALL)
        message = title[1] if title else answer.text
    message = " ".join((message or answer.reason or "").split())[:400]
    later = answer.headers.get("Retry-After", "")
    return f"{message} (Retry-After: {later})" if later else message


def _error(error: dict[str, Any]) -> str:
    detail = error.get("detail") or ""
    parts = (error.get("code"), error.get("message"), detail if isinstance(detail, str) else json.dumps(detail))
    return " ".join(str(part) for part in parts if part)
