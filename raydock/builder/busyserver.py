"""Repeats builds that a busy server ended.

uv repeats requests for about ten seconds and ignores Retry-After (uv 0.13.9, tried 2026-11-30). raydock waits longer,
as in `facts` and `lock`: docs/how-to/restricted-networks.md has the rule.
"""

from collections.abc import Callable
from typing import TypeVar

import requests

from raydock.builder.buildx import DownloadError
from raydock.core.cabundle import ca_bundle
from raydock.core.http import BUSY, RetryPolicy, retry_after

Result = TypeVar("Result")

POLICY = RetryPolicy(pauses=(5.0, 15.0, 30.0))


def repeat(
    attempt: Callable[[], Result],
    error: DownloadError,
    *,
    report: Callable[[str], None],
    wait: Callable[[float], None],
    given_up: set[str],
) -> Result:
    """Waits and repeats a build that failed with `error`, as often as POLICY has pauses.

    attempt: the build.
    report: gets a line before each wait.
    wait: waits for seconds.
    given_up: the hosts that stayed busy; this adds one.
    Raises DownloadError if the server stays busy, if it requires a longer wait than POLICY allows, or if the
    failure is of a different kind; and the errors of `attempt`.
    """
    for pause in POLICY.pauses:
        failure = error.failure
        if failure is None or failure.status not in BUSY or failure.host in given_up:
            raise error
        delay = _retry_after(failure.address)
        if delay > POLICY.longest:
            given_up.add(failure.host)
            raise DownloadError(
                error.what, meaning=f"{error.meaning}\nIt asks to wait {delay:.0f} s.", todo=error.todo
            ) from None
        seconds = max(pause, delay)
        report(f"{failure.meaning.rstrip('.')}; waiting {seconds:.0f} s before the next attempt")
        wait(seconds)
        try:
            return attempt()
        except DownloadError as repeated:
            error = repeated
    if error.failure and error.failure.status in BUSY:
        given_up.add(error.failure.host)
    raise error


def _retry_after(address: str) -> float:
    """The seconds in the server's Retry-After; 0 if it is not busy now.

    uv does not print this header, so the address is requested again.
    """
    try:
        with requests.get(
            address, timeout=(POLICY.connect, POLICY.read), stream=True, verify=str(ca_bundle() or "") or True
        ) as answer:
            return retry_after(answer) if answer.status_code in BUSY else 0.0
    except (requests.RequestException, OSError):
        return 0.0
