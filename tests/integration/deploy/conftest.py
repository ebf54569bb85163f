"""Files of clusters from `deploy docker`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import IMAGE
from tests.support.toy import Checkout

Deploy = Callable[..., Path]


@pytest.fixture(scope="session")
def deploy(checkout: Checkout, image: str) -> Deploy:
    """Return a function that writes a cluster's files into a folder and returns the folder."""

    def write(folder: Path, head: str, *workers: str, model: str = "") -> Path:
        options = [option for worker in workers for option in ("--worker", worker)]
        options += ["--model", model] if model else []
        done = checkout.run("deploy", "docker", IMAGE, "--head", head, *options, "--output", str(folder))
        assert done.code == 0, done.summary
        return folder

    return write
