"""pip-tools with indexes on loopback: it gives the same locks as uv. Each pip-compile process takes a second."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raydock.core.checkout import Checkout
from raydock.core.errors import OutOfReachError, VariantError
from raydock.index.addresses import Address
from raydock.index.client import Index
from raydock.index.pages import Pages
from raydock.lock.request import LockRequest
from raydock.lock.resolver import PipTools, Uv
from raydock.model import lock as locks
from raydock.plan.rules.verdict import RuleInputs
from tests.support.extraindex import OLD, Setting
from tests.support.index import Site, serving
from tests.support.onlysource import VARIANT, locked
from tests.support.wheelindex import HERE as PYTHON
from tests.support.wheelindex import Run, versions

# pip-tools resolves for the Python that runs it.
HERE = replace(VARIANT, python=PYTHON)


def test_pip_tools_resolves_as_uv_does(lock_request_here: LockRequest, wheel_index: Any, other_index: Any) -> None:
    """With a cut-off, a constraint, an extra index, a valid seed, and more invalid seeds than pip-tools has rounds."""
    wheel_index.add("filelock", "4.0", uploaded="2026-11-16")
    other_index.add("filelock", "3.5")
    other_index.add("only-there", "1.0")
    parts = [f"part{number}" for number in range(12)]
    for name in parts:
        wheel_index.add(name, "1.0")
        wheel_index.add(name, "2.0")
    wheel_index.add("whole", "1.0", ["ray", "virtualenv", "only-there", *(f"{name}==1.0" for name in parts)])
    wide = replace(
        lock_request_here, requirements=("whole",), constraints=("ray<2.60",), indexes=(f"{other_index.url}/simple/",)
    )
    seed = {"click": "8.1", **dict.fromkeys(parts, "2.0")}
    resolved = versions(PipTools(pages=Pages(wheel_index.index)), wide, seed)
    assert resolved == {
        **dict.fromkeys(parts, "1.0"),
        **{
            "click": "8.1",
            "filelock": "3.5",
            "only-there": "1.0",
            "ray": "2.59.0",
            "virtualenv": "20.1",
            "whole": "1.0",
        },
    }
    assert versions(Uv(pages=Pages(wheel_index.index)), wide, seed) == resolved


def test_the_reason_for_a_failed_resolution_is_reported(lock_request_here: LockRequest, wheel_index: Any) -> None:
    wheel_index.add("old", "1.0", ["click<7"])
    pip = PipTools(pages=Pages(wheel_index.index))
    with pytest.raises(VariantError) as caught:
        pip.resolve(replace(lock_request_here, requirements=("ray==2.60.0", "old")), {})
    reasons = caught.value.what.partition(": ")[2]
    assert set(reasons.removesuffix(".").split("; ")) == {"ray 2.60.0 needs click>=7", "old 1.0 needs click<7"}
    with pytest.raises(VariantError, match=r"pip-tools [\d.]+: Could not find a version .* nothing==1"):
        pip.resolve(replace(lock_request_here, requirements=("nothing==1",)), {})


def test_both_make_the_same_lock_despite_settings_in_the_environment(
    run: Run, checkout: Checkout, wheel_index: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "filelock-99.0-py3-none-any.whl").write_bytes(
        (wheel_index.folder / "filelock-3.0-py3-none-any.whl").read_bytes()
    )
    (tmp_path / "pip.conf").write_text(f"[global]\nfind-links = {trap}\n")
    for name in ("PIP_FIND_LINKS", "UV_FIND_LINKS"):
        monkeypatch.setenv(name, str(trap))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    run(HERE, kind=PipTools)
    pinned = locks.load(checkout.lock(HERE.name))
    run(HERE, kind=Uv)
    assert locks.load(checkout.lock(HERE.name)).pins == pinned.pins
    assert pinned.version("filelock") == "3.0"


def test_both_use_an_extra_index_in_the_same_way(setting: Setting) -> None:
    by_uv = setting.lock(OLD)
    Checkout(setting.folder).lock(OLD.name).unlink()
    assert setting.lock(OLD, PipTools).pins == by_uv.pins


def test_both_lock_a_package_without_wheels_in_the_same_way(
    plain: RuleInputs, checkout: Checkout, index: Index
) -> None:
    by_uv = locked(Uv(pages=Pages(index)), plain, checkout, HERE)
    checkout.lock(HERE.name).unlink()
    assert locked(PipTools(pages=Pages(index)), plain, checkout, HERE).pins == by_uv.pins


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "whole files"])
def test_both_read_an_index_like_pytorchs(lock_request_here: LockRequest, own_caches: None, ranges: bool) -> None:
    """With plain pages without upload times and metadata, 403 for unknown files, a busy answer, and a redirect."""
    site = Site(html=True, unknown=403, ranges=ranges)
    for name, version in {"ray": "2.60.0", "virtualenv": "20.1", "torch": "2.13.0+cpu"}.items():
        site.publish(name, version)
    wide = replace(lock_request_here, requirements=("ray", "virtualenv", "torch==2.13.0"))
    expected = {"ray": "2.60.0", "virtualenv": "20.1", "torch": "2.13.0+cpu"}
    with serving(site) as elsewhere, serving(Site(moved=elsewhere.removesuffix("/simple/"))) as url:
        for kind in (PipTools, Uv):
            site.statuses = [429, 503]
            assert versions(kind(pages=Pages(Index(address=Address(url=url)))), wide) == expected
            site.status = 401
            with pytest.raises(OutOfReachError, match="401 Unauthorized"):
                versions(kind(pages=Pages(Index(address=Address(url=url)))), wide)
            site.status = 0
        gone = replace(wide, requirements=("ray", "nothing"))
        for kind in (PipTools, Uv):
            with pytest.raises(VariantError) as caught:
                versions(kind(pages=Pages(Index(address=Address(url=url)))), gone)
            assert "answered 403 Forbidden for nothing" in caught.value.meaning
