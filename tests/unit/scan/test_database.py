"""Find a vulnerability database in a folder or a registry, with a real trivy."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raydock.scan.database import Database, find
from raydock.scan.trivy import NoDatabaseError, Trivy
from tests.support.trivydb import Advisory, serving, write

KNOWN = [Advisory(id="CVE-2099-0001", package="ray", severity="HIGH", fixed="9.0")]
NOW = datetime.now(UTC)
UNREACHABLE = "127.0.0.1:1/made-up/trivy-db:2"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return write(tmp_path / "cache", KNOWN)


@pytest.fixture
def requests() -> list[str]:
    return []


@pytest.fixture
def registry(cache: Path, requests: list[str]) -> Iterator[str]:
    with serving(cache, requests) as name:
        yield name


@pytest.mark.parametrize("inside", ["", "db"])
def test_a_folder_can_be_trivys_cache_or_the_database_in_it(trivy: Trivy, cache: Path, inside: str) -> None:
    database = find(trivy, cache / inside, "", 14, NOW)
    assert isinstance(database, Database)
    assert database.folder == cache / "db"
    assert abs(database.updated - NOW) < timedelta(hours=1)  # NOW was computed when this run of the tests started


def test_a_folder_without_a_database_is_reported(trivy: Trivy, cache: Path) -> None:
    (cache / "db" / "metadata.json").write_text("{}")
    database = find(trivy, cache, "", 14, NOW)
    assert isinstance(database, NoDatabaseError)
    assert "has no vulnerability database" in database.what


def test_an_old_database_is_refused(trivy: Trivy, tmp_path: Path) -> None:
    cache = write(tmp_path / "old", KNOWN, age=timedelta(days=15, hours=1))
    database = find(trivy, cache, "", 14, NOW)
    assert isinstance(database, NoDatabaseError)
    assert "is 15 days old, and scan.yaml allows 14" in database.what
    assert isinstance(find(trivy, cache, "", 16, NOW), Database)


def test_a_database_from_the_future_is_refused_because_the_clock_is_wrong(trivy: Trivy, cache: Path) -> None:
    database = find(trivy, cache, "", 14, datetime(1999, 1, 1, tzinfo=UTC))
    assert isinstance(database, NoDatabaseError)
    assert "but this machine's clock says 1999-01-01: set the clock" in database.what


def test_a_registrys_database_is_fetched_once_a_day(
    trivy: Trivy, registry: str, cache: Path, requests: list[str]
) -> None:
    database = find(trivy, None, registry, 14, NOW)
    assert isinstance(database, Database), database
    assert (database.folder / "trivy.db").read_bytes() == (cache / "db" / "trivy.db").read_bytes()
    assert sorted(path.name for path in trivy.folder.iterdir()) == ["databases", "layers"]
    requests.clear()
    assert find(trivy, None, registry, 14, NOW) == database
    assert requests == []
    assert find(trivy, None, registry, 14, database.due) == database
    assert requests != []


def test_if_a_download_fails_the_kept_database_is_used_with_a_note(trivy: Trivy, cache: Path) -> None:
    requests: list[str] = []
    with serving(cache, requests) as registry:
        kept = find(trivy, None, registry, 14, NOW)
    assert isinstance(kept, Database)
    tomorrow = find(trivy, None, registry, 14, kept.due)
    assert isinstance(tomorrow, Database)
    assert tomorrow.updated == kept.updated
    assert "failed to download vulnerability DB" in tomorrow.note
    much_later = find(trivy, None, registry, 14, NOW + timedelta(days=20))
    assert isinstance(much_later, NoDatabaseError)
    assert "failed to download vulnerability DB" in much_later.what


def test_if_a_download_fails_and_none_is_kept_the_error_is_returned(trivy: Trivy) -> None:
    database = find(trivy, None, UNREACHABLE, 14, NOW)
    assert isinstance(database, NoDatabaseError)
    assert "connection refused" in database.what
    assert sorted(path.name for path in trivy.folder.rglob("*")) == ["databases", "layers"]


def test_the_folders_of_killed_runs_are_removed(trivy: Trivy) -> None:
    (trivy.folder / ".run-killed" / "db").mkdir(parents=True)
    (trivy.folder / "layers").mkdir()
    trivy.sweep()
    assert [path.name for path in trivy.folder.iterdir()] == ["layers"]


def test_an_unwritable_folder_is_reported(trivy: Trivy) -> None:
    trivy.folder.write_text("a file in the folder's place")
    with pytest.raises(Exception, match="cannot be written") as caught:
        find(trivy, None, UNREACHABLE, 14, NOW)
    assert caught.typename == "OutOfReachError"
