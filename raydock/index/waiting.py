"""How long raydock waits for a package index that is busy: a few attempts, each wait bounded and reported."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import urllib3
from urllib3.exceptions import InvalidHeader
from urllib3.response import BaseHTTPResponse

_BUSY = (429, 500, 502, 503, 504)
_ATTEMPTS = 3
_PAUSE = 0.2  # seconds: urllib3 makes the second attempt at once, and waits twice as long before the third
_LONGEST = 60  # seconds, the longest wait that an index may ask for (Retry-After)
_REPORTED = 1  # seconds; a shorter wait is not worth a line


class TooLongError(Exception):
    """The index asks to wait longer than raydock does."""


class _Retry(urllib3.Retry):
    report: Callable[[str], None]

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        try:
            seconds = super().get_retry_after(response)
        except InvalidHeader:
            return None
        if seconds is not None and seconds > _LONGEST:
            raise TooLongError(f"it answered {_words(response)} and asks to wait {seconds:.0f} s")
        return seconds

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        asked = self.get_retry_after(response) if response else None
        seconds = asked or self.get_backoff_time()
        if seconds >= _REPORTED:
            answer = f"answered {_words(response)}" if response else "gave no answer"
            type(self).report(f"{answer}; waiting {seconds:.0f} s before the next attempt")
        super().sleep(response)


def patience(report: Callable[[str], None]) -> urllib3.Retry:
    """The attempts of one request; `report` gets a line for each wait."""
    kind: Any = type("Retry", (_Retry,), {"report": staticmethod(report)})
    retry: urllib3.Retry = kind(
        total=_ATTEMPTS - 1, read=0, status_forcelist=_BUSY, backoff_factor=_PAUSE, raise_on_status=False
    )
    return retry


def _words(response: BaseHTTPResponse) -> str:
    try:
        return f"{response.status} {HTTPStatus(response.status).phrase}"
    except ValueError:
        return str(response.status)
