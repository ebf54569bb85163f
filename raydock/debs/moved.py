"""Locked Debian packages for which the archive has another version now, and the advisories that an update closes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from raydock.debs.hostapt import HostApt
from raydock.debs.request import DebRequest
from raydock.errors import RaydockError
from raydock.model.debs import DebLock

# A check must not wait for an archive that does not answer.
_IMPATIENT = 'Acquire::Retries "0";\nAcquire::http::Timeout "10";\nAcquire::https::Timeout "10";\n'


@dataclass(frozen=True, kw_only=True, order=True)
class Moved:
    """A package whose locked version the archive has replaced.

    Attributes:
        lock: the lock's name.
        name: the package's name.
        locked: the version that is locked.
        now: the version that the archive offers.
        security: whether a security suite offers it.
    """

    lock: str
    name: str
    locked: str
    now: str
    security: bool


@dataclass(frozen=True, kw_only=True)
class Survey:
    """The packages that moved, and why the archive was not asked about some locks."""

    moved: tuple[Moved, ...]
    notes: tuple[str, ...]


def survey(locks: Mapping[str, tuple[DebRequest, DebLock]], work: Path, bundle: Path | None) -> Survey:
    """Compares locks with the archives that this host's apt reads. Needs no engine; pulled bases are not compared."""
    moved: list[Moved] = []
    notes: list[str] = []
    groups: dict[object, list[tuple[DebRequest, DebLock]]] = {}
    for request, lock in locks.values():
        key = (request.base.suite, request.base.mirror) if request.base.suite else request.base.image
        groups.setdefault(key, []).append((request, lock))
    for pairs in groups.values():
        base = pairs[0][0].base
        if base.source == "pull":
            notes.append(f"Whether packages of {base.image} moved is known to the apt in it alone: `./build.py lock`.")
            continue
        apt = HostApt(base=base, bundle=bundle, work=work, options=_IMPATIENT)
        try:
            moved += _moved((lock for _, lock in pairs), apt)
        except RaydockError as error:
            notes.append(f"Not checked whether packages of Debian {base.suite} moved: {error.what}")
    return Survey(moved=tuple(moved), notes=tuple(notes))


def _moved(locks: Iterable[DebLock], apt: HostApt) -> list[Moved]:
    locks = tuple(locks)
    now = apt.candidates(sorted({deb.name for lock in locks for deb in lock.debs}))
    return [
        Moved(
            lock=lock.name,
            name=deb.name,
            locked=deb.version,
            now=now[deb.name][0],
            security="-security" in now[deb.name][1],
        )
        for lock in locks
        for deb in lock.debs
        if deb.name in now and now[deb.name][0] not in {deb.version, "(none)"}
    ]
