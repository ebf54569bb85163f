"""How long a registry is waited for."""

from datetime import UTC, datetime

import pytest
import requests

from raydock.registry.patience import RetryPolicy, retry_after

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", 0.0),
        ("7", 7.0),
        ("Sun, 29 Nov 2026 12:00:20 GMT", 20.0),
        ("Sun, 29 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", 0.0),
        ("-3", 0.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float) -> None:
    assert retry_after(value, NOW) == seconds


def answer(code: int, retry: str = "") -> requests.Response:
    made = requests.Response()
    made.status_code = code
    made.headers["Retry-After"] = retry
    return made


@pytest.mark.parametrize(
    ("made", "pause", "wait"),
    [
        (answer(200), 1.0, None),
        (answer(404), 1.0, None),
        (answer(503), 1.0, 1.0),
        (answer(429, "5"), 1.0, 5.0),
        (answer(429, "0"), 1.0, 1.0),
        (answer(429, "21600"), 1.0, None),
        (answer(503), None, None),
    ],
)
def test_a_request_is_sent_again_after_a_bounded_wait(
    made: requests.Response, pause: float | None, wait: float | None
) -> None:
    assert RetryPolicy().wait(made, pause) == wait
