"""Where vulnerability databases come from: a folder, or a registry, by a real trivy."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raydock.scan.database import Database, find
from raydock.scan.trivy import NoDatabaseError, Trivy
from tests.support.trivydb import Advisory, serving, write

KNOWN = [Advisory(id="CVE-2099-0001", package="ray", severity="HIGH", fixed="9.0")]
NOW = datetime.now(UTC)
NOBODY = "127.0.0.1:1/made-up/trivy-db:2"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return write(tmp_path / "cache", KNOWN)


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def registry(cache: Path, asked: list[str]) -> Iterator[str]:
    with serving(cache, asked) as name:
        yield name


@pytest.mark.parametrize("inside", ["", "db"])
def test_a_folder_may_be_trivys_cache_or_the_database_in_it(trivy: Trivy, cache: Path, inside: str) -> None:
    found = find(trivy, cache / inside, "", 14, NOW)
    assert isinstance(found, Database)
    assert found.folder == cache / "db"
    assert abs(found.updated - NOW) < timedelta(hours=1)  # NOW is as old as this run of the tests


def test_a_folder_without_one_is_no_database(trivy: Trivy, cache: Path) -> None:
    (cache / "db" / "metadata.json").write_text("{}")
    found = find(trivy, cache, "", 14, NOW)
    assert isinstance(found, NoDatabaseError)
    assert "holds no vulnerability database" in found.what


def test_an_old_database_counts_as_none(trivy: Trivy, tmp_path: Path) -> None:
    cache = write(tmp_path / "old", KNOWN, age=timedelta(days=15, hours=1))
    found = find(trivy, cache, "", 14, NOW)
    assert isinstance(found, NoDatabaseError)
    assert "is 15 days old, scan.yaml allows 14" in found.what
    assert isinstance(find(trivy, cache, "", 16, NOW), Database)


def test_a_database_of_the_days_to_come_counts_as_none_since_the_clock_is_off(trivy: Trivy, cache: Path) -> None:
    found = find(trivy, cache, "", 14, datetime(1999, 1, 1, tzinfo=UTC))
    assert isinstance(found, NoDatabaseError)
    assert "and this machine's clock says 1999-01-01: set the clock" in found.what


def test_a_registrys_database_is_fetched_once_a_day(trivy: Trivy, registry: str, cache: Path, asked: list[str]) -> None:
    found = find(trivy, None, registry, 14, NOW)
    assert isinstance(found, Database), found
    assert (found.folder / "trivy.db").read_bytes() == (cache / "db" / "trivy.db").read_bytes()
    assert sorted(path.name for path in trivy.folder.iterdir()) == ["databases", "layers"]
    asked.clear()
    assert find(trivy, None, registry, 14, NOW) == found
    assert asked == []
    assert find(trivy, None, registry, 14, found.due) == found
    assert asked != []


def test_where_none_can_be_fetched_the_one_kept_is_used_and_said_to_be_old(trivy: Trivy, cache: Path) -> None:
    asked: list[str] = []
    with serving(cache, asked) as registry:
        kept = find(trivy, None, registry, 14, NOW)
    assert isinstance(kept, Database)
    tomorrow = find(trivy, None, registry, 14, kept.due)
    assert isinstance(tomorrow, Database)
    assert tomorrow.updated == kept.updated
    assert "failed to download vulnerability DB" in tomorrow.note
    much_later = find(trivy, None, registry, 14, NOW + timedelta(days=20))
    assert isinstance(much_later, NoDatabaseError)
    assert "failed to download vulnerability DB" in much_later.what


def test_where_none_can_be_fetched_and_none_is_kept_there_is_none(trivy: Trivy) -> None:
    found = find(trivy, None, NOBODY, 14, NOW)
    assert isinstance(found, NoDatabaseError)
    assert "connection refused" in found.what
    assert sorted(path.name for path in trivy.folder.rglob("*")) == ["databases", "layers"]


def test_what_a_killed_run_left_is_removed(trivy: Trivy) -> None:
    (trivy.folder / ".run-killed" / "db").mkdir(parents=True)
    (trivy.folder / "layers").mkdir()
    trivy.sweep()
    assert [path.name for path in trivy.folder.iterdir()] == ["layers"]


def test_a_disk_that_refuses_is_said(trivy: Trivy) -> None:
    trivy.folder.write_text("a file in the folder's place")
    with pytest.raises(Exception, match="cannot be written") as caught:
        find(trivy, None, NOBODY, 14, NOW)
    assert caught.typename == "OutOfReachError"
