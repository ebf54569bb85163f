"""The causes of failed downloads in a build, from uv's error messages."""

import re
from dataclasses import dataclass, replace
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
_STATUS = re.compile(r"\((\d{3}) [A-Z]")


@dataclass(frozen=True)
class DownloadFailure:
    """The cause of a failed download.

    Attributes:
        meaning: the cause, as a sentence.
        todo: the next step.
        address: what could not be downloaded, without credentials; empty if unknown.
        status: the HTTP status of the answer; 0 if unknown.
    """

    meaning: str
    todo: str = _AGAIN
    address: str = ""
    status: int = 0

    @property
    def host(self) -> str:
        """The host of the server; empty if unknown."""
        return urlsplit(self.address).netloc


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
        "No package index of this build has the package, or it answered 403 Forbidden or with a login page.", _LOCKED
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
            address, status = _answer(output, sign)
            found = replace(failure, address=address, status=status)
            return replace(found, meaning=failure.meaning.format(server=f"{server} {found.host}".rstrip()))
    return None


def _answer(output: str, sign: str) -> tuple[str, int]:
    """The address, without credentials, and the status in the line with the sign; empty and 0 if there is none."""
    for line in output.splitlines():
        if sign in line.lower() and (address := _ADDRESS.search(line)):
            parts, status = urlsplit(address[0]), _STATUS.search(line)
            clean = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
            return clean, int(status[1]) if status else 0
    return "", 0
