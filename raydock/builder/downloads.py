"""The causes of failed downloads in a build, from uv's error messages."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_AGAIN = "check that the package index answers (UV_DEFAULT_INDEX names a mirror), then run this again."
_CREDENTIALS = (
    "give or fix the index's credentials (UV_INDEX_NAME_USERNAME and UV_INDEX_NAME_PASSWORD, ~/.netrc, keyring or its"
    " address: docs/how-to/restricted-networks.md), then run this again."
)
_LOCKED = (
    "remove the lock and run `./build.py lock` to lock again from this index, or name the index of the lock in"
    " UV_DEFAULT_INDEX."
)
_ADDRESS = re.compile(r"https?://[^\s`'\")]+")


@dataclass(frozen=True)
class DownloadFailure:
    """The cause of a failed download.

    Attributes:
        meaning: the cause, as a sentence.
        todo: the next step.
    """

    meaning: str
    todo: str = _AGAIN


_INSTALLS = "make-tree"  # in the title of each step that installs packages

# By a part of uv's message; the first match applies. Source: uv 0.13.9 with a server that gives each answer,
# 2026-11-29. These apply to steps that install packages. In other steps, a registry or apt can print the same text.
_OF_INDEX = {
    "401 unauthorized": DownloadFailure(
        "{server} answered 401 Unauthorized: its credentials are missing or wrong.", _CREDENTIALS
    ),
    "403 forbidden": DownloadFailure(
        "{server} answered 403 Forbidden: these credentials may not read it.", _CREDENTIALS
    ),
    "429 too many requests": DownloadFailure("{server} answered 429 Too Many Requests, also after uv's retries."),
    "404 not found": DownloadFailure("{server} lists a file that it does not have.", _LOCKED),
    "received some unexpected": DownloadFailure("{server} answered with something that is not a list of packages."),
    "was not found in the package registry": DownloadFailure(
        "No package index of this build has the package, or it answered 403 Forbidden.", _LOCKED
    ),
    "there is no version of": DownloadFailure(
        "No package index of this build has the version that the lock pins.", _LOCKED
    ),
}
_OF_ANY_SERVER = {
    "invalid peer certificate": DownloadFailure(
        "Its certificate is not trusted in the build: --ca-bundle or SSL_CERT_FILE must name your company's CA."
    ),
    "http status server error": DownloadFailure("{server} answered with a server error."),
    "error sending request for url": DownloadFailure("{server} does not answer."),
    "operation timed out": DownloadFailure("{server} does not answer in time."),
}


def cause(output: str, step: str) -> DownloadFailure | None:
    """The cause of a failed download in a step's output, with the host of the server.

    Returns None if no download failed.
    """
    text, installs = output.lower(), _INSTALLS in step
    server = "The package index" if installs else "The server"
    for sign, failure in (_OF_ANY_SERVER | (_OF_INDEX if installs else {})).items():
        if sign in text:
            return DownloadFailure(failure.meaning.format(server=f"{server}{_host(text, sign)}"), failure.todo)
    return None


def _host(text: str, sign: str) -> str:
    """A space and the host in the line with the sign, without credentials.

    Empty if there is none.
    """
    for line in text.splitlines():
        if sign in line and (address := _ADDRESS.search(line)):
            return f" {urlsplit(address[0]).netloc.rpartition('@')[2]}"
    return ""
