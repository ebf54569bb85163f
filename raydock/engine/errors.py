"""The errors between raydock and an engine, with a message and an exit code."""

import grp
import http.client
import os
import ssl
import stat
from collections.abc import Iterator
from contextlib import suppress
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from docker.credentials.errors import StoreError
from docker.errors import APIError, DockerException, StreamParseError
from urllib3.exceptions import HTTPError

from raydock.core.errors import ConfigurationError, OutOfReachError, RaydockError, first_line
from raydock.engine.endpoint import Endpoint

Kind = TypeVar("Kind", bound=BaseException)
TODO = "run `scripts/engine`, which starts or installs an engine, or set DOCKER_HOST to one that answers."
# Everything that Docker's SDK raises if the engine, the connection or a login is at fault. Its streams pass on
# exceptions of urllib3 and of sockets.
ENGINE_ERRORS = (
    DockerException,
    StoreError,
    StreamParseError,
    requests.RequestException,
    HTTPError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
)
_TLS_TODO = (
    "compare the certificates: those of the context (`docker context inspect`), or of DOCKER_CERT_PATH, with those that"
    " the engine's --tlscacert and --tlscert name."
)


def unreachable(error: Exception, endpoint: Endpoint, todo: str = TODO) -> RaydockError:
    """The error for an engine that does not answer at all."""
    if next(_causes(error, PermissionError), None):
        return _denied(endpoint)
    message = " ".join(str(error).split())
    if next(_causes(error, ssl.SSLError), None) or "HTTP request to an HTTPS server" in message:
        reason = "it uses TLS, and raydock has no certificates" if "HTTP request to" in message else _ssl(error)
        return OutOfReachError(
            f"the Docker engine at {endpoint} refuses the connection: {reason}.",
            meaning="Nothing was built or changed.",
            todo=_TLS_TODO,
        )
    return OutOfReachError(
        f"no Docker engine answers at {endpoint}: {_short(error)}.", meaning="Nothing was built or changed.", todo=todo
    )


def interrupted(error: Exception, doing: str) -> RaydockError:
    """The error for an engine that refused, or went away, during an operation."""
    if isinstance(error, StoreError) or "Credentials store error" in str(error):
        return _no_login(error, doing)
    if isinstance(error, APIError):  # a RequestException too
        reason = " ".join(str(error.explanation or error).split()).rstrip(".")
        return OutOfReachError(
            f"the Docker engine refused while {doing}: {reason}.",
            todo="read its log (`journalctl -u docker`, or the file that scripts/engine names), fix the cause, retry.",
        )
    if isinstance(error, (StreamParseError, requests.JSONDecodeError)):
        return unexpected(doing, first_line(str(error), type(error).__name__))
    if isinstance(error, DockerException):
        return OutOfReachError(
            f"Docker's SDK failed while {doing}: {_short(error)}.", todo="fix the cause, then run this again."
        )
    return OutOfReachError(f"the Docker engine went away while {doing}: {_short(error)}.", todo=TODO)


def unexpected(doing: str, answer: str) -> OutOfReachError:
    """The error for an answer that no Docker engine gives."""
    return OutOfReachError(
        f"the engine gave an unexpected answer while {doing}: {answer}.",
        meaning="It may be a proxy, or an engine that is not Docker's.",
        todo="check `docker version`; DOCKER_HOST or `docker context use` select a different engine.",
    )


def _denied(endpoint: Endpoint) -> RaydockError:
    path = urlsplit(endpoint.url).path
    group = "docker"
    with suppress(OSError, KeyError):  # the socket's own group, if its mode permits the group
        status = os.stat(path)  # noqa: PTH116 - the same call for a socket and its folder
        if status.st_mode & stat.S_IWGRP and status.st_gid:
            group = grp.getgrgid(status.st_gid).gr_name
    return OutOfReachError(
        f"this user cannot use the Docker engine's socket {path} ({endpoint.source}): permission denied.",
        meaning=f"Only root and the members of the group {group!r} can.",
        todo=f"`sudo usermod -aG {group} $USER`, then log in again (or `newgrp {group}`); or use rootless Docker.",
    )


def _no_login(error: Exception, doing: str) -> ConfigurationError:
    message = str(error).removeprefix("Credentials store error: ").removeprefix("StoreError(").strip("()'\"")
    return ConfigurationError(
        f"Docker's credential helper failed while {doing}: {' '.join(message.split())[:300].rstrip('.')}.",
        meaning="config.json in DOCKER_CONFIG (or ~/.docker) names it in credsStore or credHelpers.",
        todo="install that program on PATH, or remove its name from config.json and run `docker login`.",
    )


def _ssl(error: Exception) -> str:
    cause = next(_causes(error, ssl.SSLError))
    return str(getattr(cause, "verify_message", "") or cause.reason or cause).rstrip(".")


def _short(error: Exception) -> str:
    """The operating system's reason, or the first line of the error."""
    for cause in _causes(error, OSError):
        if cause.strerror:
            return cause.strerror
    return first_line(str(error), type(error).__name__)


def _causes(error: BaseException, kind: type[Kind]) -> Iterator[Kind]:
    """All exceptions of a kind: the error, its causes, and what it wraps."""
    errors = [error]
    for current in errors:  # which grows
        if isinstance(current, kind) and not isinstance(current, requests.RequestException):
            yield current
        inner = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        errors += [cause for cause in inner if isinstance(cause, BaseException) and cause not in errors]
