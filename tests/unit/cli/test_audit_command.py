"""The command `lock --audit`, with the committed locks and an index on loopback."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from raydock.model import lock as locks
from tests.support.index import Site, serving
from tests.support.inprocess import run_in_process
from tests.support.toy import ROOT, Checkout

NAME = "ray2.60.0-py311-cpu"
AUDIT = ("lock", "--audit", "--select", f"name={NAME}")
ADVISORY = {"id": "PYSEC-2099-1", "aliases": ["CVE-2099-0001"], "fixed_in": ["99.0"], "summary": "made up"}


@pytest.fixture
def site() -> Site:
    """An index that has every release of the lock, without advisories."""
    pins = locks.load(ROOT / "lockfiles" / f"{NAME}.txt").pins.values()
    return Site(advisories={f"{pin.name}/{pin.version}": {"vulnerabilities": []} for pin in pins})


@pytest.fixture
def checkout(site: Site, tmp_path: Path) -> Iterator[Checkout]:
    for name in ("matrix.yaml", "scan.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "lockfiles", tmp_path / "lockfiles")
    with serving(site) as endpoint:
        yield Checkout(root=tmp_path, environment={"UV_DEFAULT_INDEX": endpoint})


@pytest.fixture
def refused(site: Site) -> str:
    """A release with an advisory in the index, as `package/version`."""
    release = next(release for release in site.advisories if release.startswith("aiohttp/"))
    site.advisories[release] = {"vulnerabilities": [ADVISORY]}
    return release


def test_a_lock_without_advisories_is_clean(checkout: Checkout, site: Site) -> None:
    done = run_in_process(checkout, *AUDIT, "--json")
    assert done.code == 0, done.summary
    assert done.variants[NAME]["verdict"] == "clean"
    assert len(site.requests) == len(site.advisories)


def test_an_advisory_is_refused_until_it_is_ignored(checkout: Checkout, refused: str) -> None:
    done = run_in_process(checkout, *AUDIT)
    assert done.code == 5, done.summary
    assert f"PYSEC-2099-1 (not rated) in {refused.replace('/', ' ')}, fixed in 99.0: made up" in done.out
    assert "`ignore` in scan.yaml" in done.err
    policy = checkout.root / "scan.yaml"
    entry = "ignore: [{id: CVE-2099-0001, package: aiohttp, reason: made up, until: 2999-12-31}]"
    policy.write_text(policy.read_text().replace("ignore: []", entry))
    again = run_in_process(checkout, *AUDIT)
    assert again.code == 0, again.summary
    assert "CVE-2099-0001 in aiohttp: a fix exists: aiohttp 99.0" in again.out


def test_an_index_without_advisories_is_never_clean(checkout: Checkout, site: Site) -> None:
    site.advisories.clear()
    done = run_in_process(checkout, *AUDIT)
    assert done.code == 5, done.summary
    assert f"1 of 1 not audited: {NAME}." in done.err
    allowed = run_in_process(checkout, *AUDIT, "--allow-unaudited", "--json")
    assert allowed.code == 0, allowed.summary
    assert json.loads(allowed.out)["variants"][0]["verdict"] == "not audited"


def test_a_missing_lock_or_a_second_mode_is_bad_input(checkout: Checkout) -> None:
    assert run_in_process(checkout, *AUDIT, "--check").code == 2
    (checkout.root / "lockfiles" / f"{NAME}.txt").unlink()
    done = run_in_process(checkout, *AUDIT)
    assert done.code == 2, done.summary
    assert "was never locked" in done.err
