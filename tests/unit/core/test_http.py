"""Timeouts and retries of requests to an index or a registry."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Event

import pytest
import requests

from raydock.core.http import PatientSession, RetryPolicy, retry_after
from tests.support.index import Site, serving

HASTY = RetryPolicy(connect=1.0, read=0.2, pauses=(0.01, 0.01))


def answer(code: int, retry: str = "") -> requests.Response:
    response = requests.Response()
    response.status_code = code
    response.headers["Retry-After"] = retry
    return response


@pytest.mark.parametrize(
    ("value", "seconds"), [("", 0.0), ("7", 7.0), ("Sun, 29 Nov 2020 11:00:00 GMT", 0.0), ("soon", 0.0), ("-3", 0.0)]
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float) -> None:
    assert retry_after(answer(429, value)) == seconds
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    assert 18 <= retry_after(answer(429, later)) <= 20


@pytest.mark.parametrize(
    ("response", "wait"),
    [
        (answer(200), None),
        (answer(404), None),
        (answer(503), 1.0),
        (answer(408), 1.0),
        (answer(429, "5"), 5.0),
        (answer(429, "0"), 1.0),
        (answer(429, "60"), 60.0),
        (answer(429, "61"), None),
        (answer(429, "21600"), None),
    ],
)
def test_a_request_is_sent_again_after_a_limited_wait(response: requests.Response, wait: float | None) -> None:
    assert RetryPolicy().wait(response, 1.0) == wait


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def url(site: Site) -> Iterator[str]:
    """The address of a project page that the index does not have."""
    with serving(site) as address:
        yield f"{address}nothing/"


def test_a_request_is_sent_again_after_temporary_failures(site: Site, url: str) -> None:
    site.statuses = [500, 429]
    assert PatientSession(HASTY).get(url).status_code == 404
    assert len(site.requests) == 3


def test_the_last_answer_of_a_failing_server_is_returned(site: Site, url: str) -> None:
    site.status = 503
    assert PatientSession(HASTY).post(url).status_code == 501  # this server does not support POST
    assert PatientSession(HASTY).get(url).status_code == 503
    assert len(site.requests) == 3


def test_a_long_retry_after_ends_the_attempts(site: Site, url: str) -> None:
    site.status, site.headers = 429, {"Retry-After": "3600"}
    assert PatientSession(HASTY).get(url).status_code == 429
    assert len(site.requests) == 1


@pytest.mark.parametrize(("silence", "attempts"), [(True, 3), (False, 1)])
def test_a_server_that_does_not_answer_in_time(site: Site, url: str, silence: bool, attempts: int) -> None:
    site.hang = Event()
    policy = RetryPolicy(connect=1.0, read=0.2, pauses=(0.01, 0.01), silence=silence)
    with pytest.raises(requests.ReadTimeout):
        PatientSession(policy).get(url)
    site.hang.set()
    assert len(site.requests) == attempts


def test_a_caller_can_set_its_own_timeout(site: Site, url: str) -> None:
    site.hang = Event()
    with pytest.raises(requests.ReadTimeout):
        PatientSession(RetryPolicy(silence=False)).get(url, timeout=0.2)
    site.hang.set()


def test_only_long_waits_are_reported(site: Site, url: str) -> None:
    site.statuses, site.headers = [503, 500], {}
    lines: list[str] = []
    PatientSession(RetryPolicy(pauses=(0.01, 1.0)), lines.append).get(url)
    assert lines == ["answered 500 Internal Server Error; waiting 1 s before the next attempt"]


def test_a_failed_connection_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    lines: list[str] = []
    with pytest.raises(requests.ConnectionError):
        PatientSession(RetryPolicy(pauses=(1.0,)), lines.append).get(f"http://127.0.0.1:{port}/")
    assert lines == ["gave no answer; waiting 1 s before the next attempt"]


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (requests.ConnectionError(), True),
        (requests.ConnectTimeout(), True),
        (requests.ReadTimeout(), True),
        (requests.exceptions.ChunkedEncodingError(), True),
        (requests.exceptions.SSLError(), False),
        (requests.exceptions.InvalidURL(), False),
        (requests.TooManyRedirects(), False),
    ],
)
def test_which_errors_lead_to_another_attempt(error: requests.RequestException, passes: bool) -> None:
    assert RetryPolicy().passes(error) is passes
