"""Clusters that `deploy docker` describes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import IMAGE
from tests.support.toy import Checkout

Deploy = Callable[..., Path]


@pytest.fixture(scope="session")
def deploy(checkout: Checkout, image: str) -> Deploy:
    """Writes a cluster's files for hosts into a folder, and returns it."""

    def write(folder: Path, head: str, *workers: str, model: str = "") -> Path:
        words = [word for worker in workers for word in ("--worker", worker)]
        words += ["--model", model] if model else []
        done = checkout.run("deploy", "docker", IMAGE, "--head", head, *words, "--output", str(folder))
        assert done.code == 0, done.words
        return folder

    return write
