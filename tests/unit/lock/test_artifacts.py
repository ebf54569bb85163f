from dataclasses import replace
from typing import Any

import pytest

from raydock.core.errors import VariantError
from raydock.index.addresses import Address
from raydock.index.client import Index
from raydock.index.pages import Pages
from raydock.lock.artifacts import choose
from raydock.lock.request import LockRequest, create_request
from raydock.model.variant import Variant
from raydock.plan.rules.verdict import RuleInputs
from tests.support.index import Site, serving
from tests.support.wheels import sdist


@pytest.fixture
def lock_request(rule_inputs: RuleInputs) -> LockRequest:
    return create_request(rule_inputs, Variant(ray="2.60.0", python="3.11"))


def test_the_wheel_that_is_chosen(lock_request: LockRequest, wheel_index: Any) -> None:
    wheel_index.add("a", "1.0")
    sha256 = wheel_index.add("a", "1.0", tags="cp311-cp311-manylinux_2_28_x86_64")
    wheel_index.add("a", "1.0", tags="cp311-cp311-manylinux_2_35_x86_64", uploaded="2026-11-16")  # after the cut-off
    wheel_index.add("a", "1.0", tags="cp311-cp311-manylinux_2_34_x86_64", yanked=True)
    wheel_index.add("a", "1.0", tags="cp311-cp311-manylinux_2_33_x86_64", hashes={"md5": "0"})
    wheel_index.add("a", "1.1", tags="cp311-cp311-manylinux_2_36_x86_64")
    with Pages(wheel_index.index) as pages:
        found = choose(lock_request, "a", "1.0.0", pages.release("a", "1.0.0"))
    assert (found.filename, found.sha256) == ("a-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", sha256)
    assert found.size == (wheel_index.folder / found.filename).stat().st_size
    assert (found.requires_python, found.yanked) == (">=3.10", False)


def test_a_yanked_wheel_is_the_last_resort(lock_request: LockRequest, wheel_index: Any) -> None:
    wheel_index.add("a", "1.0", yanked="broken")
    with Pages(wheel_index.index) as pages:
        assert choose(lock_request, "a", "1.0", pages.release("a", "1.0")).yanked


def test_no_wheel_for_the_platform(lock_request: LockRequest, wheel_index: Any) -> None:
    wheel_index.add("a", "1.0", tags="cp312-cp312-manylinux_2_28_x86_64")
    with Pages(wheel_index.index) as pages:
        with pytest.raises(VariantError, match=r"a 1\.0 has no wheel .* Python 3\.11 on x86_64 with glibc 2\.36"):
            choose(lock_request, "a", "1.0", pages.release("a", "1.0"))
        assert pages.files("unknown") == ()


def test_a_page_is_read_once(wheel_index: Any) -> None:
    with Pages(wheel_index.index) as pages:
        pages.prefetch(["click", "click"])
        assert len(pages.files("click")) == 2
        assert pages.files("click") is not None
    assert wheel_index.requests.count("/simple/click/") == 1


def test_a_source_distribution_if_the_request_allows_it(lock_request: LockRequest) -> None:
    site = Site()
    site.publish("a", "1.0")
    site.add("a", "a-1.0.tar.gz", sdist("a", "1.0"))
    with serving(site) as address, Pages(Index(address=Address(url=address))) as pages:
        files = pages.release("a", "1.0")
        assert choose(lock_request, "a", "1.0", files).filename == "a-1.0-py3-none-any.whl"
        assert choose(replace(lock_request, sources=("a",)), "a", "1.0", files).filename == "a-1.0.tar.gz"
