"""How long a registry is waited for, and how often a request is sent again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

AGAIN = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Seconds for a connection and for each read, and the pauses before a request is sent again."""

    connect: float = 10.0
    read: float = 30.0
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0)
    # A registry that asks for more by Retry-After is not waited for: its answer is reported.
    longest: float = 30.0

    def wait(self, answer: requests.Response, pause: float | None) -> float | None:
        """Seconds before a request is sent again; None if its answer is to be taken as it is.

        pause: what is waited at least; None after the last time.
        """
        if answer.status_code not in AGAIN or pause is None:
            return None
        asked = retry_after(answer.headers.get("Retry-After", ""), datetime.now(UTC))
        return max(pause, asked) if asked <= self.longest else None


def retry_after(value: str, now: datetime) -> float:
    """The seconds in a header Retry-After: a number or a date (RFC 9110, section 10.2.3); 0 for anything else."""
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value).astimezone(UTC) - now).total_seconds())
    except ValueError:
        return 0.0
