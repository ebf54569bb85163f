"""uv and pip-tools with the real package index."""

import os
import sys
from pathlib import Path

import pytest

from raydock.core.checkout import Checkout
from raydock.core.errors import OutOfReachError
from raydock.index.client import Index, from_environment
from raydock.index.pages import Pages
from raydock.lock.locker import Locker
from raydock.lock.resolver import PipTools, Resolver, Uv
from raydock.model import lock as locks
from raydock.model import matrix as matrix_file
from raydock.model.facts import Facts
from raydock.model.lock import Lock
from raydock.model.variant import Variant
from raydock.plan.rules.verdict import RuleInputs

MATRIX = """\
registry: localhost:5000/raydock
cutoff: 2026-11-15
bases: {{debian: {{source: bootstrap, python: {{"{python}": bookworm}}}}}}
axes: {{python: ["{python}"], ray: ["2.60.0"]}}
packages: {{ray-extras: [default], always: [pip, virtualenv]}}
"""
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="module")
def index() -> Index:
    configured = from_environment(os.environ)
    try:
        with Pages(configured) as pages:
            pages.files("ray")
    except OutOfReachError as error:
        pytest.skip(error.what)
    return configured


def make_lock(resolver: Resolver, folder: Path) -> Lock:
    folder.mkdir()
    checkout = Checkout(folder)
    checkout.matrix.write_text(MATRIX.format(python=PYTHON))
    variant = Variant(ray="2.60.0", python=PYTHON)
    with resolver.pages:
        locker = Locker(
            rule_inputs=RuleInputs(matrix_file.load(checkout.matrix), Facts({})),
            checkout=checkout,
            siblings=(variant,),
            resolver=resolver,
        )
        (outcome,) = locker.lock((variant,), 1)
    assert outcome.error is None
    return locks.load(checkout.lock(variant.name))


@pytest.mark.timeout(600)
def test_uv_and_pip_tools_make_the_same_lock(index: Index, tmp_path: Path) -> None:
    by_uv = make_lock(Uv(pages=Pages(index)), tmp_path / "uv")
    by_pip_tools = make_lock(PipTools(pages=Pages(index)), tmp_path / "pip-tools")
    assert len(by_uv.pins) > 40
    assert [pin.text for pin in by_uv.pins.values()] == [pin.text for pin in by_pip_tools.pins.values()]
    assert by_uv.header["inputs"] == by_pip_tools.header["inputs"]
    assert by_uv.header["download-bytes"] == by_pip_tools.header["download-bytes"]
    assert int(by_uv.header["download-bytes"]) > 50_000_000
