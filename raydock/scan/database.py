"""The vulnerability database: a folder that is named, or one that trivy fetched and that raydock keeps."""

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from raydock.core.errors import OutOfReachError
from raydock.scan.trivy import NoDatabaseError, Trivy


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database in `folder`: when it was made, and when the next one is due. `note` says why it is not the newest."""

    folder: Path
    updated: datetime
    due: datetime
    note: str = ""


def find(trivy: Trivy, folder: Path | None, repository: str, days: int, now: datetime) -> Database | NoDatabaseError:
    """The database in a folder, else the newest of an OCI repository, if it is at most so many days old.

    The error where there is none: a scan goes on without it, and says so.
    """
    try:
        found = _given(folder) if folder else _newest(trivy, repository, now)
        _hold_fresh(found, days, now)
    except NoDatabaseError as error:
        return error
    return found


def _given(folder: Path) -> Database:
    """The database of a folder that the user names: trivy's cache, or the folder db in it.

    Raises NoDatabaseError where there is none.
    """
    found = _read(folder / "db") or _read(folder)
    if not found:
        raise NoDatabaseError(
            f"{folder} holds no vulnerability database: neither trivy.db with metadata.json, nor a folder db with them."
        )
    return found


def _newest(trivy: Trivy, repository: str, now: datetime) -> Database:
    """The newest database of an OCI repository (empty: trivy's own), fetched where the one kept is due.

    Where it cannot be fetched, the one kept is taken, and its note says so. Raises NoDatabaseError where none is kept.
    """
    folder = trivy.folder / "databases" / (re.sub(r"[^A-Za-z0-9.]+", "-", repository) or "default")
    kept = _read(folder)
    if kept and now < kept.due:
        return kept
    try:
        _replace(trivy, repository, folder)
    except NoDatabaseError as error:
        if not kept:
            raise
        return Database(folder=folder, updated=kept.updated, due=kept.due, note=error.what)
    return _given(folder)


def _hold_fresh(database: Database, days: int, now: datetime) -> None:
    """Raises NoDatabaseError for a database older than so many days: it does not know of today's vulnerabilities; and
    for one of the days to come, by which a clock that is far off shows."""
    age = now - database.updated
    if age < timedelta(days=-1):
        raise NoDatabaseError(
            f"the vulnerability database in {database.folder} is of {database.updated:%Y-%m-%d}, and this machine's "
            f"clock says {now:%Y-%m-%d}: set the clock"
        )
    if age > timedelta(days=days):
        note = f" A newer one could not be had: {database.note}" if database.note else ""
        raise NoDatabaseError(
            f"the vulnerability database in {database.folder} is {age.days} days old, scan.yaml allows {days}.{note}"
        )


def _replace(trivy: Trivy, repository: str, folder: Path) -> None:
    """Puts a new database in a folder's place, whole or not at all."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=trivy.folder, prefix=".run-") as place:
            new = Path(place) / "db"
            trivy.fetch(repository, new)
            shutil.rmtree(folder, ignore_errors=True)
            new.rename(folder)
    except OSError as error:
        raise OutOfReachError(
            f"{folder} cannot be written: {error.strerror}.", todo="fix the permissions or free some space."
        ) from None


def _read(folder: Path) -> Database | None:
    if not (folder / "trivy.db").is_file():
        return None
    try:
        said = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
        return Database(folder=folder, updated=_moment(said["UpdatedAt"]), due=_moment(said["NextUpdate"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _moment(text: str) -> datetime:
    """A moment as Go writes it, with up to nine digits of a second."""
    return datetime.fromisoformat(re.sub(r"\.\d+", "", text)).astimezone(UTC)
