"""Builds that a busy server ended: when they are repeated, after which wait, and what is reported."""

from collections.abc import Callable
from pathlib import Path

import pytest

from raydock.builder.buildx import BuildError, DownloadError, explain
from raydock.builder.busyserver import POLICY, repeat
from raydock.builder.rawjson import Failure
from raydock.core.errors import RaydockError
from tests.support.index import Site, serving

STEP = "[tree-ray 1/1] RUN /run/installer/make-tree /run/ray.txt"
BUSY = "cause: HTTP status server error (503 Service Unavailable) for url ({})"
LIMITED = "cause: HTTP status client error (429 Too Many Requests) for url ({})"


def error(line: str, url: str) -> RaydockError:
    """The error of a build with this output."""
    lines = ("error: Request failed after 3 retries", line.format(f"{url}ray/"))
    return explain("toy", Failure(step=STEP, error="exit code: 1", lines=lines), "", Path("toy.log"))


class Build:
    """A build with the outcomes of its attempts, and what is reported and waited meanwhile."""

    def __init__(self, first: RaydockError, *outcomes: RaydockError | str) -> None:
        self.first, self.outcomes = first, list(outcomes)
        self.lines: list[str] = []
        self.waits: list[float] = []
        self.given_up: set[str] = set()

    def attempt(self) -> str:
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, RaydockError):
            raise outcome
        return outcome

    def run(self) -> str:
        assert isinstance(self.first, DownloadError)
        wait: Callable[[float], None] = self.waits.append
        return repeat(self.attempt, self.first, report=self.lines.append, wait=wait, given_up=self.given_up)


@pytest.mark.parametrize("line", [BUSY, LIMITED, BUSY.replace("503", "502"), BUSY.replace("503", "504")])
def test_a_busy_server_is_waited_for(line: str) -> None:
    with serving(Site(status=503)) as url:
        failed = error(line, url)
        build = Build(failed, failed, "sha256:1")
        assert build.run() == "sha256:1"
    assert build.waits == list(POLICY.pauses[:2])
    host = url.split("/")[2]
    assert build.lines[0].startswith(f"The package index {host} answered ")
    assert build.lines[0].endswith("; waiting 5 s before the next attempt")
    assert not build.given_up


@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_the_server_requires(status: int) -> None:
    with serving(Site(status=status, headers={"Retry-After": "40"})) as url:
        build = Build(error(BUSY, url), "sha256:1")
        assert build.run() == "sha256:1"
    assert build.waits == [40]


@pytest.mark.parametrize("status", [0, 401])
def test_a_server_that_is_no_longer_busy_gets_the_shortest_wait(status: int) -> None:
    with serving(Site(status=status, headers={"Retry-After": "40"})) as url:
        build = Build(error(LIMITED, url), "sha256:1")
        assert build.run() == "sha256:1"
    assert build.waits == [POLICY.pauses[0]]


def test_waiting_is_bounded() -> None:
    with serving(Site(status=503)) as url:
        failed = error(BUSY, url)
        build = Build(failed, *(failed for _ in POLICY.pauses))
        with pytest.raises(DownloadError, match="answered with a server error"):
            build.run()
        assert build.waits == list(POLICY.pauses)
        # Further builds from this server do not wait again.
        with pytest.raises(DownloadError):
            build.run()
    assert build.waits == list(POLICY.pauses)


def test_a_longer_wait_is_an_error() -> None:
    with serving(Site(status=429, headers={"Retry-After": "3600"})) as url:
        build = Build(error(LIMITED, url))
        with pytest.raises(DownloadError, match="It asks to wait 3600 s") as caught:
            build.run()
    assert "run this again" in caught.value.todo
    assert build.waits == []


@pytest.mark.parametrize(
    "line",
    [
        "cause: HTTP status client error (401 Unauthorized) for url ({})",
        "cause: HTTP status client error (404 Not Found) for url ({})",
        "cause: HTTP status server error (501 Not Implemented) for url ({})",
        "error sending request for url ({})",
    ],
)
def test_other_failures_are_final(line: str) -> None:
    with serving(Site()) as url:
        build = Build(error(line, url))
        with pytest.raises(DownloadError):
            build.run()
    assert build.waits == []


def test_a_different_failure_of_the_repeated_build_is_final() -> None:
    with serving(Site()) as url:
        other = explain("toy", Failure(step=STEP, error="exit code: 1", lines=("no hash",)), "", Path("toy.log"))
        build = Build(error(BUSY, url), other)
        with pytest.raises(BuildError):
            build.run()
        refused = Build(error(BUSY, url), error("HTTP status client error (401 Unauthorized) for url ({})", url))
        with pytest.raises(DownloadError, match="401 Unauthorized"):
            refused.run()
    assert len(build.waits) == len(refused.waits) == 1


def test_credentials_are_not_reported() -> None:
    with serving(Site(status=503)) as url:
        build = Build(error(BUSY, url.replace("//", "//me:secret@")), "sha256:1")
        assert build.run() == "sha256:1"
    assert "secret" not in "".join(build.lines)
