"""Files of clusters from `deploy docker`."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import IMAGE
from tests.support.toy import Checkout

Deploy = Callable[..., Path]


@pytest.fixture(scope="session")
def token_user() -> None:
    """Skips the test if this user can neither make nor read a file of the images' user."""
    if os.geteuid() not in {0, 1000}:
        pytest.skip("only root and uid 1000 can read a cluster's token, which belongs to the images' user (1000)")


@pytest.fixture(scope="session")
def deploy(checkout: Checkout, image: str, token_user: None) -> Deploy:
    """Return a function that writes a cluster's files into a folder and returns the folder."""

    def write(folder: Path, head: str, *workers: str, model: str = "") -> Path:
        options = [option for worker in workers for option in ("--worker", worker)]
        options += ["--model", model] if model else []
        done = checkout.run("deploy", "docker", IMAGE, "--head", head, *options, "--output", str(folder))
        assert done.code == 0, done.summary
        return folder

    return write
