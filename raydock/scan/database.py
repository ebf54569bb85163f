"""Find the vulnerability database.

It is in a folder that the user names, or trivy downloads it.
"""

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from raydock.scan.trivy import NoDatabaseError, Trivy


@dataclass(frozen=True, kw_only=True)
class Database:
    """A vulnerability database.

    Attributes:
        folder: the folder of trivy.db.
        updated: when it was made.
        due: when the next one is published.
        note: why it is not the newest; empty if it is.
    """

    folder: Path
    updated: datetime
    due: datetime
    note: str = ""


def find(trivy: Trivy, folder: Path | None, repository: str, days: int, now: datetime) -> Database | NoDatabaseError:
    """Find a database that is at most `days` days old.

    It is the one in `folder`, else the newest one of an OCI repository.

    Returns the error if there is none: a scan runs without it and reports that.
    """
    try:
        database = _in_folder(folder) if folder else _newest(trivy, repository, now)
        _check_age(database, days, now)
    except NoDatabaseError as error:
        return error
    return database


def _in_folder(folder: Path) -> Database:
    """The database in a folder that the user names.

    The folder is trivy's cache, or the folder db in it.

    Raises NoDatabaseError if there is none.
    """
    database = _read(folder / "db") or _read(folder)
    if not database:
        raise NoDatabaseError(
            f"{folder} has no vulnerability database: neither trivy.db with metadata.json, nor a folder db with them."
        )
    return database


def _newest(trivy: Trivy, repository: str, now: datetime) -> Database:
    """The newest database of an OCI repository (empty: trivy's own).

    A kept one is downloaded again when it is due.

    If the download fails, the kept one is used, with a note. Raises NoDatabaseError if none is kept.
    """
    folder = trivy.folder / "databases" / (re.sub(r"[^A-Za-z0-9.]+", "-", repository) or "default")
    kept = _read(folder)
    if kept and now < kept.due:
        return kept
    try:
        trivy.download_database(repository, folder)
    except NoDatabaseError as error:
        if not kept:
            raise
        return replace(kept, note=error.what)
    return _in_folder(folder)


def _check_age(database: Database, days: int, now: datetime) -> None:
    """Check the date of a database.

    Raises NoDatabaseError if it is older than `days` days, or from the future.

    An old one does not know today's vulnerabilities. One from the future shows that this machine's clock is wrong.
    """
    age = now - database.updated
    if age < timedelta(days=-1):
        raise NoDatabaseError(
            f"the vulnerability database in {database.folder} is of {database.updated:%Y-%m-%d}, but this machine's "
            f"clock says {now:%Y-%m-%d}: set the clock"
        )
    if age > timedelta(days=days):
        note = f" A newer one could not be downloaded: {database.note}" if database.note else ""
        raise NoDatabaseError(
            f"the vulnerability database in {database.folder} is {age.days} days old, and scan.yaml "
            f"allows {days}.{note}"
        )


def _read(folder: Path) -> Database | None:
    if not (folder / "trivy.db").is_file():
        return None
    try:
        metadata = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
        return Database(folder=folder, updated=_time(metadata["UpdatedAt"]), due=_time(metadata["NextUpdate"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _time(text: str) -> datetime:
    """Parse a time as Go writes it, with up to nine decimal digits of a second."""
    return datetime.fromisoformat(re.sub(r"\.\d+", "", text)).astimezone(UTC)
