"""The committed locks and Dockerfiles are up to date; the check needs no network and no engine."""

import pytest

from tests.support.toy import Checkout

pytestmark = pytest.mark.timeout(60)

OFFLINE = {"UV_DEFAULT_INDEX": "http://127.0.0.1:1/simple", "DOCKER_HOST": "tcp://127.0.0.1:1"}


@pytest.mark.parametrize("command", ["lock", "render"])
def test_committed_files_are_up_to_date(checkout: Checkout, command: str) -> None:
    done = checkout.given(OFFLINE).run(command, "--check")
    assert done.code == 0, done.summary
    assert "are up to date" in done.out
