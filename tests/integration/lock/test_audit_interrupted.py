"""`lock --audit` interrupted while the index does not answer."""

import os
import signal
from collections.abc import Iterator
from threading import Event

import pytest

from tests.support.index import Site, serving
from tests.support.toy import ROOT, Checkout, finish

ARGUMENTS = ("lock", "--audit", "--select", "name=ray2.60.0-py311-cpu")


@pytest.fixture
def silent() -> Site:
    """An index that never answers requests for advisories."""
    return Site(hang=Event(), hang_on="/pypi/")


@pytest.fixture
def committed(silent: Site) -> Iterator[Checkout]:
    """raydock's own checkout; an audit does not write files."""
    with serving(silent) as endpoint:
        yield Checkout(root=ROOT, environment={**os.environ, "UV_DEFAULT_INDEX": endpoint})


def test_ctrl_c_ends_an_audit_at_once(committed: Checkout, silent: Site) -> None:
    with committed.started(*ARGUMENTS) as process:
        silent.wait_for("/pypi/ray/")
        process.send_signal(signal.SIGINT)
        done = finish(process, 20)
    assert done.code == 130, done.summary
    assert "Interrupted." in done.err


def test_sigterm_ends_an_audit_in_the_background(committed: Checkout, silent: Site) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # child processes inherit it
    try:
        with committed.started(*ARGUMENTS) as process:
            silent.wait_for("/pypi/ray/")
            process.send_signal(signal.SIGTERM)
            done = finish(process, 20)
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.code == 130, done.summary
