import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from raydock.core.errors import OutOfReachError, VariantError
from raydock.index.addresses import Address
from raydock.index.client import Index
from raydock.index.pages import Pages
from raydock.lock.request import LockRequest
from raydock.lock.resolver import PipTools, Uv
from tests.support.wheelindex import versions


@pytest.fixture
def uv(wheel_index: Any) -> Uv:
    return Uv(pages=Pages(wheel_index.index))


def test_the_newest_within_constraints_and_cutoff(uv: Uv, lock_request: LockRequest, wheel_index: Any) -> None:
    wheel_index.add("filelock", "4.0", uploaded="2026-11-16")
    wheel_index.add("filelock", "3.5", uploaded="2026-11-15")
    expected = {"click": "9.0", "filelock": "3.5", "ray": "2.60.0", "virtualenv": "20.1"}
    assert versions(uv, lock_request) == expected
    assert versions(uv, replace(lock_request, constraints=("click!=9.*",))) == {**expected, "click": "8.1"}


def test_a_seed_is_kept_if_it_is_compatible(uv: Uv, lock_request: LockRequest) -> None:
    seeded = versions(uv, lock_request, {"click": "8.1", "ray": "2.59.0", "filelock": "2.0", "torch": "2.13.0"})
    assert seeded == {"click": "8.1", "filelock": "3.0", "ray": "2.60.0", "virtualenv": "20.1"}


def test_the_reason_of_a_failure_of_uv(uv: Uv, lock_request: LockRequest, wheel_index: Any) -> None:
    wheel_index.add("old", "1.0", ["click<7"])
    with pytest.raises(VariantError) as caught:
        uv.resolve(replace(lock_request, requirements=("ray==2.60.0", "old")), {})
    label, _, message = caught.value.what.partition(": ")
    assert label == uv.label
    assert "click<7" in message
    assert "click>=7" in message
    assert "conclude" not in message
    assert len(message) < 250
    assert "\n" not in message


def test_pip_tools_refuses_a_different_python(lock_request: LockRequest, wheel_index: Any) -> None:
    with pytest.raises(VariantError, match=r"this variant has Python 3\.99") as caught:
        PipTools(pages=Pages(wheel_index.index)).resolve(replace(lock_request, python="3.99"), {})
    assert "with uv" in caught.value.todo


def test_an_index_that_fails_is_out_of_reach(lock_request: LockRequest) -> None:
    with pytest.raises(OutOfReachError, match="no connection could be made"):
        Uv(pages=Pages(Index(address=Address(url="http://127.0.0.1:9/simple/")))).resolve(lock_request, {})


def test_an_index_that_hangs_is_given_up(lock_request: LockRequest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        index = Index(address=Address(url=f"http://127.0.0.1:{hanging.getsockname()[1]}/simple/"))
        with pytest.raises(OutOfReachError, match="gave no answer in 1 s"):
            Uv(pages=Pages(index), timeout=0.6).resolve(lock_request, {})


def test_stop_ends_what_runs(lock_request: LockRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as hanging, ThreadPoolExecutor(1) as pool:
        uv = Uv(pages=Pages(Index(address=Address(url=f"http://127.0.0.1:{hanging.getsockname()[1]}/simple/"))))
        running = pool.submit(uv.resolve, lock_request, {})
        hanging.settimeout(20)
        hanging.accept()
        start = monotonic()
        uv.stop()
        with pytest.raises(KeyboardInterrupt):
            running.result(timeout=20)
        assert monotonic() - start < 5
    assert list(tmp_path.glob("raydock-lock-*")) == []
    with pytest.raises(KeyboardInterrupt):
        uv.resolve(lock_request, {})
