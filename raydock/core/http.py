"""HTTP timeouts and retries for package indexes and registries."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.exceptions import ChunkedEncodingError, SSLError

BUSY = frozenset({408, 429, 500, 502, 503, 504})
# Seconds before the second, third and fourth attempt: as many as uv makes (its UV_HTTP_RETRIES, read 2026-11-30).
PAUSES = (0.5, 1.0, 2.0)
_PASSING = (requests.ConnectionError, ChunkedEncodingError)
_REPORTED = 1.0  # seconds; a shorter wait is not worth a line


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Timeouts, and the rules by which a request is sent again.

    Attributes:
        connect: timeout of a connection, in seconds.
        read: timeout of each read, in seconds.
        pauses: seconds before each further attempt.
        longest: the longest Retry-After that is obeyed, in seconds; an answer with a longer one is final.
        silence: whether a request is sent again if the server does not answer within `read` seconds.
    """

    connect: float = 10.0
    read: float = 30.0
    pauses: tuple[float, ...] = field(default_factory=lambda: PAUSES)
    longest: float = 60.0
    silence: bool = True

    def wait(self, answer: requests.Response, pause: float) -> float | None:
        """Seconds before a request is sent again, at least `pause`.

        Returns None if the answer is final.
        """
        if answer.status_code not in BUSY:
            return None
        seconds = retry_after(answer)
        return max(pause, seconds) if seconds <= self.longest else None

    def passes(self, error: requests.RequestException) -> bool:
        """Whether a failed request is sent again.

        It is not after a certificate error, which would only repeat.
        """
        if isinstance(error, requests.ReadTimeout):
            return self.silence
        return isinstance(error, _PASSING) and not isinstance(error, SSLError)


class PatientSession(requests.Session):
    """A session that retries requests by a policy.

    `report` gets a line for each wait of a second or more.
    """

    def __init__(self, policy: RetryPolicy, report: Callable[[str], None] = lambda _: None) -> None:
        super().__init__()
        self.policy, self._report = policy, report

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """The first final answer, otherwise the last one.

        Raises requests.RequestException if no answer came.
        """
        options["timeout"] = options.get("timeout") or (self.policy.connect, self.policy.read)
        for pause in self.policy.pauses:
            try:
                answer = super().request(method, url, *args, **options)
            except requests.RequestException as error:
                if not self.policy.passes(error):
                    raise
                self._sleep(pause, "gave no answer")
                continue
            wait = self.policy.wait(answer, pause)
            if wait is None:
                return answer
            answer.close()
            self._sleep(wait, f"answered {answer.status_code} {answer.reason}")
        return super().request(method, url, *args, **options)

    def _sleep(self, seconds: float, problem: str) -> None:
        if seconds >= _REPORTED:
            self._report(f"{problem}; waiting {seconds:.0f} s before the next attempt")
        time.sleep(seconds)


def retry_after(answer: requests.Response) -> float:
    """The seconds in an answer's Retry-After; 0 if it is missing or invalid.

    Its value is a number or a date (RFC 9110, section 10.2.3).
    """
    value = answer.headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value).astimezone(UTC) - datetime.now(UTC)).total_seconds())
    except ValueError:
        return 0.0
