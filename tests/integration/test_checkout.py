"""What is committed agrees with itself, and saying so needs neither network nor engine."""

import pytest

from tests.support.toy import Checkout

pytestmark = pytest.mark.timeout(60)

OFFLINE = {"UV_DEFAULT_INDEX": "http://127.0.0.1:1/simple", "DOCKER_HOST": "tcp://127.0.0.1:1"}


@pytest.mark.parametrize("command", ["lock", "render"])
def test_what_is_committed_is_fresh(checkout: Checkout, command: str) -> None:
    done = checkout.given(OFFLINE).run(command, "--check")
    assert done.code == 0, done.words
    assert "are up to date" in done.out
